import type { KubeObject } from '@berth/kube/objects';
import type { LabelSelectorObject } from '@berth/kube/selectors';
import type { MatchCondition } from '../expressions/conditions.ts';
import type { Rule } from '../matching/rules.ts';

/** `admissionregistration.k8s.io`, with defaults applied. */

export interface MatchResources {
  resourceRules?: readonly Rule[];
  excludeResourceRules?: readonly Rule[];
  matchPolicy?: string;
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
}

export interface ParamKind {
  apiVersion: string;
  kind: string;
}

export interface ParamRef {
  name?: string;
  namespace?: string;
  selector?: LabelSelectorObject;
  parameterNotFoundAction?: 'Allow' | 'Deny';
}

/** What policies of both sorts have. */
export interface PolicySpec {
  paramKind?: ParamKind;
  matchConstraints?: MatchResources;
  matchConditions?: readonly MatchCondition[];
  variables?: readonly { name: string; expression: string }[];
  failurePolicy?: 'Fail' | 'Ignore';
}

export interface ValidatingPolicySpec extends PolicySpec {
  validations?: readonly Validation[];
  auditAnnotations?: readonly { key: string; valueExpression: string }[];
}

export interface Validation {
  expression: string;
  message?: string;
  messageExpression?: string;
  reason?: string;
}

export interface MutatingPolicySpec extends PolicySpec {
  mutations?: readonly Mutation[];
  reinvocationPolicy?: 'Never' | 'IfNeeded';
}

export interface Mutation {
  patchType: 'ApplyConfiguration' | 'JSONPatch';
  applyConfiguration?: { expression: string };
  jsonPatch?: { expression: string };
}

/** What bindings of both sorts have; `validationActions` is that of validating ones. */
export interface BindingSpec {
  policyName: string;
  paramRef?: ParamRef;
  matchResources?: MatchResources;
  validationActions?: readonly ('Deny' | 'Warn' | 'Audit')[];
}

export type Specified<T> = KubeObject & { spec: T };
