import {
  CelBudget,
  type CelProgram,
  type CelType,
  CelValue,
  celTypes,
  compile,
  escapeField,
  isCelError,
  perCallLimit,
} from '@berth/kube/cel';
import type { User } from '../../types.ts';

const { any, list, map, object, string } = celTypes;
const claimsType = map(string, any);
const userType = object('kubernetes.UserInfo', {
  username: string,
  uid: string,
  groups: list(string),
  extra: map(string, list(string)),
});

/** An expression that maps or judges claims, or a user. Source: `k8s.io/apiserver/pkg/authentication/cel`. */
export interface Expression {
  program: CelProgram;
  /** Of what it is about. */
  variable: 'claims' | 'user';
}

/** Throws an `Error` that says what is wrong with it, as Kubernetes says it. */
export function expressionOf(text: string, variable: 'claims' | 'user', isCondition: boolean): Expression {
  const variables: Record<string, CelType> = variable === 'claims' ? { claims: claimsType } : { user: userType };
  try {
    const program = compile(text, { variables });
    // What a claim is shows only when it is there, and that is too late for a condition.
    if (isCondition && program.returns.kind !== 'bool') throw new Error('must evaluate to bool');
    return { program, variable };
  } catch (error) {
    if (!isCelError(error, 'Compilation')) throw error;
    throw new Error(error.message, { cause: error });
  }
}

/** What an expression answers: a string, a truth value, null, a list, or an object for all else. Throws an `Error` with what went wrong. */
export function evaluated({ program, variable }: Expression, about: unknown): unknown {
  const variables = { [variable]: about };
  try {
    const { value } = program.run(variables, new CelBudget(perCallLimit));
    if (typeof value !== 'object' || value === null) return value;
    const data = program.evaluate(variables, new CelBudget(perCallLimit));
    return Array.isArray(data) ? data : value;
  } catch (error) {
    if (!isCelError(error)) throw error;
    throw new Error(`expression '${program.expression}' resulted in error: ${error.message}`, { cause: error });
  }
}

/** Claims as expressions see them: all numbers are of type double, and names that are no words can be had in their escaped form. */
export function claimsValue(value: unknown): unknown {
  if (typeof value === 'number') return new CelValue(value);
  if (Array.isArray(value)) return value.map(claimsValue);
  if (typeof value !== 'object' || value === null) return value;
  const seen = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of Object.entries(value)) {
    const kept = claimsValue(field);
    seen[name] = kept;
    const escaped = escapeField(name) ?? name;
    // Not to be counted, nor to be gone through.
    if (escaped !== name) Object.defineProperty(seen, escaped, { value: kept, enumerable: false });
  }
  return seen;
}

export function userValue({ name, uid = '', groups, extra = {} }: User): unknown {
  return { username: name, uid, groups, extra };
}
