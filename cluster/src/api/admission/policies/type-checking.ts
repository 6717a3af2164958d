import { AdmissionExpressions } from '@berth/kube/admission';
import { type CelType, celTypeOfSchema } from '@berth/kube/cel';
import type { KindRegistry, ServedKind } from '../../kinds.ts';
import { paramKindOf } from './params.ts';
import type { ParamKind, ValidatingPolicySpec } from './types.ts';

/** `ExpressionWarning` of admissionregistration.k8s.io. */
export interface ExpressionWarning {
  fieldRef: string;
  warning: string;
}

/** How many types one rule may bring. */
const mostTypes = 10;

/**
 * What is wrong with the expressions of a policy when they are held against the schemas of the types that its rules
 * name: fields that are not there, values that cannot be compared. They do not keep the policy from being used.
 * Source: "Type checking" in Kubernetes' documentation of validating admission policies.
 */
export function expressionWarnings(kinds: KindRegistry, spec: ValidatingPolicySpec): ExpressionWarning[] {
  const types = typesOf(kinds, spec).flatMap((served) => {
    const objectType = celTypeOf(served);
    return objectType ? [{ served, objectType }] : [];
  });
  const paramsType = spec.paramKind && typeOfParams(kinds, spec.paramKind);
  const check = (fieldRef: string, expression: string | undefined): ExpressionWarning[] => {
    if (!expression) return [];
    const issues = types.flatMap(({ served: { description }, objectType }) => {
      const error = issueOf(spec, expression, objectType, paramsType);
      const { group, version, kind } = description;
      return error === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${error}\n`];
    });
    return issues.length === 0 ? [] : [{ fieldRef, warning: issues.join('\n') }];
  };
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
    ...check(`spec.validations[${index}].expression`, expression),
    ...check(`spec.validations[${index}].messageExpression`, messageExpression),
  ]);
}

function issueOf(
  { variables = [] }: ValidatingPolicySpec,
  expression: string,
  objectType: CelType,
  paramsType: CelType | undefined,
): string | undefined {
  const typed = paramsType ? { objectType, paramsType } : { objectType };
  const expressions = new AdmissionExpressions({ hasParams: paramsType !== undefined, isComposed: true, ...typed });
  for (const variable of variables) expressions.variable(variable.name, variable.expression);
  return expressions.anything(expression).error?.replace(/^compilation failed: /, '');
}

/** The kinds that the rules name without wildcards, in the order of their groups, versions and kinds. */
function typesOf(kinds: KindRegistry, { matchConstraints }: ValidatingPolicySpec): ServedKind[] {
  const found = new Set<ServedKind>();
  for (const rule of matchConstraints?.resourceRules ?? []) {
    const { apiGroups = [], apiVersions = [], resources = [] } = rule;
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue;
    let count = 0;
    for (const group of [...apiGroups].sort()) {
      for (const version of [...apiVersions].sort()) {
        for (const resource of [...resources].sort()) {
          const served = kinds.get(group, version, resource);
          if (!served || count === mostTypes) continue;
          found.add(served);
          count++;
        }
      }
    }
  }
  const order = ({ description: { group, version, kind } }: ServedKind) => `${group}\0${version}\0${kind}`;
  return [...found].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function typeOfParams(kinds: KindRegistry, paramKind: ParamKind): CelType | undefined {
  try {
    return celTypeOf(paramKindOf({ kinds }, paramKind));
  } catch {
    // A kind that nobody serves is said when the policy is asked.
    return undefined;
  }
}

function celTypeOf({ schema, description }: ServedKind): CelType | undefined {
  const { definition, catalogue } = schema;
  return definition && celTypeOfSchema(definition, { catalogue, resourceRoot: true, name: description.kind });
}
