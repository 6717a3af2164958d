import type { AdmissionExpressions, Compiled } from '@berth/kube/admission';
import { CelBudget, matchConditionsBudget } from '@berth/kube/cel';
import { type Activation, withVariables } from '../expressions/activation.ts';
import { conditionsHold } from '../expressions/conditions.ts';
import { evaluate, OutOfBudget } from '../expressions/evaluate.ts';
import type { Policy } from './policies.ts';
import type { ValidatingPolicySpec, Validation } from './types.ts';

/** The expressions of a ValidatingAdmissionPolicy. */
export interface Validations {
  validations: readonly { validation: Validation; expression: Compiled; message: Compiled | undefined }[];
  auditAnnotations: readonly { key: string; value: Compiled }[];
}

export function compileValidations(spec: ValidatingPolicySpec, expressions: AdmissionExpressions): Validations {
  return {
    validations: (spec.validations ?? []).map((validation) => ({
      validation,
      expression: expressions.condition(validation.expression),
      message: validation.messageExpression ? expressions.message(validation.messageExpression) : undefined,
    })),
    auditAnnotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      value: expressions.auditValue(valueExpression),
    })),
  };
}

/** What a policy has against a request. */
export interface Objection {
  message: string;
  reason: string;
  /** Of the validation in its policy; 0 for what failed as a whole. */
  index: number;
}

export interface Judgement {
  objections: readonly Objection[];
  annotations: readonly { key: string; value: string }[];
  /** Audit annotations that could not be had, which denies whatever the binding's actions are. */
  failures: readonly string[];
}

const nothing: Judgement = { objections: [], annotations: [], failures: [] };
const longestMessage = 5 * 1024;
const longestAnnotation = 10 * 1024;

/** Asks a policy about a request. Source: "Validating Admission Policy" in Kubernetes' documentation; KEP-3488. */
export function judge(policy: Policy<Validations>, plain: Activation): Judgement {
  const { ignoresFailure, compiled } = policy;
  const failed = (error: unknown): Judgement => {
    if (ignoresFailure) return nothing;
    return { ...nothing, objections: [{ message: (error as Error).message, reason: '', index: 0 }] };
  };
  const conditions = new CelBudget(matchConditionsBudget);
  try {
    const activation = withVariables(plain, policy.variables, conditions);
    if (!conditionsHold(policy.conditions, activation, { budget: conditions, ignoresFailure })) return nothing;
  } catch (error) {
    return failed(error);
  }
  const budget = new CelBudget();
  const activation = withVariables(plain, policy.variables, budget);
  try {
    const objections = objectionsOf(compiled, activation, budget, ignoresFailure);
    return { objections, ...annotationsOf(compiled, plain, policy) };
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return failed(error);
  }
}

function objectionsOf(
  { validations }: Validations,
  activation: Activation,
  budget: CelBudget,
  ignoresFailure: boolean,
): Objection[] {
  const results = validations.map(({ expression }) => evaluate(expression, activation, budget));
  let messagesFailed: OutOfBudget | undefined;
  return validations.flatMap(({ validation, message }, index): Objection[] => {
    const { value, error } = results[index] ?? { error: '' };
    if (error !== undefined) return ignoresFailure ? [] : [{ message: error, reason: '', index }];
    if (value === true) return [];
    let told: unknown;
    try {
      if (message && !messagesFailed) told = evaluate(message, activation, budget).value;
    } catch (failure) {
      if (!(failure instanceof OutOfBudget)) throw failure;
      messagesFailed = failure;
    }
    if (messagesFailed) {
      return ignoresFailure
        ? []
        : [{ message: `failed messageExpression: ${messagesFailed.message}`, reason: '', index }];
    }
    return [{ message: usable(told) ?? ownMessage(validation), reason: validation.reason ?? 'Invalid', index }];
  });
}

/** What a messageExpression gave, unless it is no single line of a sensible length. */
function usable(told: unknown): string | undefined {
  if (typeof told !== 'string') return undefined;
  const message = told.trim();
  const unusable = message === '' || Buffer.byteLength(message) > longestMessage || message.includes('\n');
  return unusable ? undefined : message;
}

function ownMessage({ message, expression }: Validation): string {
  return message?.trim() || `failed expression: ${expression.trim()}`;
}

function annotationsOf(
  { auditAnnotations }: Validations,
  plain: Activation,
  { ignoresFailure, variables }: Policy<Validations>,
): Pick<Judgement, 'annotations' | 'failures'> {
  const annotations: { key: string; value: string }[] = [];
  const failures: string[] = [];
  const budget = new CelBudget();
  const activation = withVariables(plain, variables, budget);
  for (const { key, value: compiled } of auditAnnotations) {
    const { value, error } = evaluate(compiled, activation, budget);
    if (error !== undefined) {
      if (!ignoresFailure) failures.push(error);
    } else if (typeof value === 'string' && value.trim() !== '') {
      annotations.push({ key, value: value.trim().slice(0, longestAnnotation) });
    }
  }
  return { annotations, failures };
}
