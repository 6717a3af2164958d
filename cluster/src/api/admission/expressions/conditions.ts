import type { Compiled } from '@berth/kube/admission';
import type { CelBudget } from '@berth/kube/cel';
import type { Activation } from './activation.ts';
import { evaluate, OutOfBudget } from './evaluate.ts';

/** `MatchCondition` of admissionregistration.k8s.io. */
export interface MatchCondition {
  name: string;
  expression: string;
}

/**
 * Whether all conditions hold. One that is false settles it; one that fails counts by the failure policy: `Ignore` as
 * false, else it is thrown as an `Error` with what went wrong.
 */
export function conditionsHold(
  conditions: readonly Compiled[],
  activation: Activation,
  { budget, ignoresFailure }: { budget: CelBudget; ignoresFailure: boolean },
): boolean {
  const errors: string[] = [];
  for (const condition of conditions) {
    try {
      const { value, error } = evaluate(condition, activation, budget);
      if (value === false) return false;
      if (error !== undefined) errors.push(error);
    } catch (error) {
      if (!(error instanceof OutOfBudget)) throw error;
      errors.splice(0, errors.length, error.message);
      break;
    }
  }
  if (errors.length === 0) return true;
  if (ignoresFailure) return false;
  throw new Error(errors.length === 1 ? errors[0] : `[${[...new Set(errors)].join(', ')}]`);
}
