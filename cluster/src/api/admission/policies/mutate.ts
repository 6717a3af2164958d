import type { AdmissionExpressions, Compiled } from '@berth/kube/admission';
import { CelBudget } from '@berth/kube/cel';
import type { KubeObject } from '@berth/kube/objects';
import { applyJsonPatch, layOver, type TypedBy } from '@berth/kube/patch';
import type { Activation } from '../expressions/activation.ts';
import { withVariables } from '../expressions/activation.ts';
import { evaluate } from '../expressions/evaluate.ts';
import type { Policy } from './policies.ts';
import type { MutatingPolicySpec, Mutation } from './types.ts';

/** The expressions of a MutatingAdmissionPolicy. */
export interface Mutations {
  mutations: readonly { patchType: Mutation['patchType']; expression: Compiled }[];
  isCalledAgain: boolean;
}

export function compileMutations(spec: MutatingPolicySpec, expressions: AdmissionExpressions): Mutations {
  return {
    mutations: (spec.mutations ?? []).map(({ patchType, applyConfiguration, jsonPatch }) => {
      const { expression = '' } = (patchType === 'JSONPatch' ? jsonPatch : applyConfiguration) ?? {};
      return { patchType, expression: expressions.mutation(patchType, expression) };
    }),
    isCalledAgain: spec.reinvocationPolicy === 'IfNeeded',
  };
}

/**
 * What one mutation makes of an object, not decoded yet. `typed` says how the object merges. Throws an `Error` in
 * Kubernetes' words. Source: "Mutating Admission Policy" in Kubernetes' documentation; KEP-3962.
 */
export function mutated(
  { variables }: Policy<Mutations>,
  { patchType, expression }: Mutations['mutations'][number],
  object: KubeObject,
  activation: Activation,
  typed: TypedBy,
): unknown {
  if (expression.error !== undefined) throw new Error(expression.error);
  const budget = new CelBudget();
  const { value, error } = evaluate(expression, withVariables(activation, variables, budget), budget);
  if (error !== undefined) throw new Error(error);
  if (patchType === 'JSONPatch') return patched(object, value);
  const { apiVersion, kind } = object;
  try {
    return layOver(typed, object, { ...(value as object), apiVersion, kind });
  } catch (failure) {
    throw new Error(`error applying patch: ${(failure as Error).message}`, { cause: failure });
  }
}

/** A patch whose `test` does not hold changes nothing. */
function patched(object: KubeObject, patch: unknown): unknown {
  try {
    return applyJsonPatch(object, (patch as object[]).map(withoutAbsent));
  } catch (failure) {
    const { cause } = failure as Error;
    const { message } = cause instanceof Error ? cause : (failure as Error);
    if (/^testing value .* failed$/s.test(message)) return object;
    throw new Error(`JSON Patch: ${message}`, { cause: failure });
  }
}

/** Fields of an operation that its expression left open. */
function withoutAbsent(operation: object): object {
  return Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== undefined));
}
