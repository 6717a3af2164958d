import type { Compiled } from '@berth/kube/admission';
import { type CelBudget, isCelError } from '@berth/kube/cel';
import type { Activation } from './activation.ts';

export type Evaluation = { value: unknown; error?: undefined } | { error: string; value?: undefined };

/** All expressions together cost more than one request may; nothing further is evaluated. */
export class OutOfBudget extends Error {
  constructor() {
    super('validation failed due to running out of cost budget, no further validation rules will be run');
  }
}

/** Evaluates one expression; what goes wrong is told in Kubernetes' words. Throws `OutOfBudget`. */
export function evaluate(
  { expression, program, error }: Compiled,
  activation: Activation,
  budget: CelBudget,
): Evaluation {
  if (!program) return { error: `compilation error: ${error}` };
  try {
    return { value: program.evaluate(activation, budget) };
  } catch (failure) {
    if (!isCelError(failure)) throw failure;
    if (failure.code === 'CostExceeded' && budget.remaining === 0) throw new OutOfBudget();
    return { error: `expression '${expression}' resulted in error: ${failure.message}` };
  }
}
