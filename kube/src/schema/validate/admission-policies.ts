import { AdmissionExpressions } from '../../admission/index.ts';
import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { compiled, validateMatchConditions } from './admission-conditions.ts';
import {
  failurePolicies,
  listed,
  oneOf,
  reinvocationPolicies,
  validateMatchResources,
  validateParamRef,
} from './admission-rules.ts';
import { dns1035Label, dnsSubdomain, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const actions = ['Audit', 'Deny', 'Warn'];
const patchTypes = ['ApplyConfiguration', 'JSONPatch'];
const mutatingOperations = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const mostAuditAnnotations = 20;
const longestValueExpression = 5 * 1024;

export function validateValidatingPolicy(policy: Fields, problems: Problems, old?: Fields): void {
  const spec = part(policy, 'spec') ?? {};
  const expressions = validatePolicy(spec, part(old, 'spec'), problems, parts(spec, 'variables').length > 0);
  const [validations, annotations] = [parts(spec, 'validations'), parts(spec, 'auditAnnotations')];
  if (validations.length === 0 && annotations.length === 0) {
    const either = 'validations or auditAnnotations must contain at least one item';
    problems.required('spec.validations', either);
    problems.required('spec.auditAnnotations', either);
    return;
  }
  for (const [index, validation] of validations.entries()) {
    validateValidation(validation, `spec.validations[${index}]`, expressions, problems);
  }
  const at = 'spec.auditAnnotations';
  if (annotations.length > mostAuditAnnotations) {
    // Under the names of Kubernetes' internal type, as it shows them.
    const shown = annotations.map(({ key, valueExpression }) => ({ Key: key, ValueExpression: valueExpression }));
    problems.invalid(at, shown, `must not have more than ${mostAuditAnnotations} auditAnnotations`);
  }
  const keys = new Set<string>();
  const name = text(part(policy, 'metadata'), 'name') ?? '';
  for (const [index, annotation] of annotations.entries()) {
    validateAuditAnnotation(annotation, `${at}[${index}]`, name, expressions, problems);
    const key = text(annotation, 'key') ?? '';
    if (keys.has(key)) problems.duplicate(`${at}[${index}].key`, key);
    keys.add(key);
  }
}

export function validateMutatingPolicy(policy: Fields, problems: Problems, old?: Fields): void {
  const spec = part(policy, 'spec') ?? {};
  const expressions = validatePolicy(spec, part(old, 'spec'), problems, true);
  validateOperations(part(spec, 'matchConstraints'), 'spec.matchConstraints', problems);
  const mutations = parts(spec, 'mutations');
  if (mutations.length === 0) problems.required('spec.mutations', 'mutations must contain at least one item');
  for (const [index, mutation] of mutations.entries()) {
    validateMutation(mutation, `spec.mutations[${index}]`, expressions, problems);
  }
  if (!text(spec, 'reinvocationPolicy')) problems.required('spec.reinvocationPolicy');
  else oneOf(spec, 'reinvocationPolicy', 'spec', reinvocationPolicies, problems);
}

/** What both sorts of policies have; answers what compiles the rest of its expressions. */
function validatePolicy(spec: Fields, old: Fields | undefined, problems: Problems, isComposed: boolean) {
  const hasParams = part(spec, 'paramKind') !== undefined;
  if (spec.failurePolicy === undefined) problems.required('spec.failurePolicy');
  oneOf(spec, 'failurePolicy', 'spec', failurePolicies, problems);
  validateParamKind(part(spec, 'paramKind'), 'spec.paramKind', problems);
  const match = part(spec, 'matchConstraints');
  if (!match) problems.required('spec.matchConstraints');
  else {
    validateMatchResources(match, 'spec.matchConstraints', problems);
    if (listed(match, 'resourceRules').length === 0) problems.required('spec.matchConstraints.resourceRules');
  }
  if (!old || !sameData(judged(spec), judged(old))) {
    validateMatchConditions(spec, 'spec', new AdmissionExpressions({ hasParams, isComposed: false }), problems);
  }
  const expressions = new AdmissionExpressions({ hasParams, isComposed });
  for (const [index, variable] of parts(spec, 'variables').entries()) {
    validateVariable(variable, `spec.variables[${index}]`, expressions, problems);
  }
  return expressions;
}

/** Match conditions are judged anew only when they, or what they may name, change. */
function judged(spec: Fields): unknown {
  return [spec.paramKind ?? null, spec.matchConditions ?? []];
}

function validateParamKind(kind: Fields | undefined, at: string, problems: Problems): void {
  if (kind === undefined) return;
  const apiVersion = text(kind, 'apiVersion') ?? '';
  const [group = '', version = '', ...rest] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  if (apiVersion === '') problems.required(`${at}.apiVersion`);
  else if (rest.length > 0) {
    problems.invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  } else {
    const wrongGroup = group === '' ? [] : dnsSubdomain(group);
    if (wrongGroup.length > 0) problems.invalid(`${at}.apiVersion`, group, wrongGroup.join(','));
    const wrongVersion = dns1035Label(version);
    if (version === '') problems.invalid(`${at}.apiVersion`, apiVersion, 'version must be specified');
    else if (wrongVersion.length > 0) problems.invalid(`${at}.apiVersion`, version, wrongVersion.join(','));
  }
  const name = text(kind, 'kind') ?? '';
  const wrong = dns1035Label(name.toLowerCase());
  if (name === '') problems.required(`${at}.kind`);
  else if (wrong.length > 0) {
    problems.invalid(`${at}.kind`, name, `may have mixed case, but should otherwise match: ${wrong.join(',')}`);
  }
}

const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function validateVariable(variable: Fields, at: string, expressions: AdmissionExpressions, problems: Problems): void {
  const [name, expression] = [text(variable, 'name') ?? '', text(variable, 'expression') ?? ''];
  if (name.trim() === '') problems.required(`${at}.name`, 'name is not specified');
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || reserved.has(name)) {
    problems.invalid(`${at}.name`, name, 'must be a valid CEL identifier');
  }
  if (expression.trim() === '') problems.required(`${at}.expression`, 'expression is not specified');
  else compiled(expressions.variable(name, expression), `${at}.expression`, problems);
}

function validateValidation(
  validation: Fields,
  at: string,
  expressions: AdmissionExpressions,
  problems: Problems,
): void {
  const field = (name: string) => text(validation, name) ?? '';
  const [expression, message, messageExpression] = [field('expression'), field('message'), field('messageExpression')];
  if (expression.trim() === '') problems.required(`${at}.expression`, 'expression is not specified');
  else compiled(expressions.condition(expression), `${at}.expression`, problems);
  const empty = 'must be non-empty if specified';
  if (messageExpression !== '') {
    if (messageExpression.trim() === '') problems.invalid(`${at}.messageExpression`, messageExpression, empty);
    else compiled(expressions.message(messageExpression), `${at}.messageExpression`, problems);
  }
  if (message !== '' && message.trim() === '') problems.invalid(`${at}.message`, message, empty);
  else if (/[\n\r]/.test(message.trim())) problems.invalid(`${at}.message`, message, 'must not contain line breaks');
  oneOf(validation, 'reason', at, reasons, problems);
}

function validateAuditAnnotation(
  annotation: Fields,
  at: string,
  policy: string,
  expressions: AdmissionExpressions,
  problems: Problems,
): void {
  const key = text(annotation, 'key') ?? '';
  if (policy === '') problems.invalid(`${at}.key`, key, 'requires metadata.name be non-empty');
  else {
    const whole = `${policy}/${key}`;
    for (const wrong of qualifiedName(whole)) problems.invalid(`${at}.key`, whole, wrong);
  }
  const expression = text(annotation, 'valueExpression')?.trim() ?? '';
  if (expression === '') problems.required(`${at}.valueExpression`, 'valueExpression is not specified');
  else if (Buffer.byteLength(expression) > longestValueExpression) {
    problems.required(`${at}.valueExpression`, `must not exceed ${longestValueExpression} bytes in length`);
  } else compiled(expressions.auditValue(expression), `${at}.valueExpression`, problems);
}

function validateMutation(mutation: Fields, at: string, expressions: AdmissionExpressions, problems: Problems): void {
  const patchType = text(mutation, 'patchType') ?? '';
  if (patchType === '') {
    problems.required(`${at}.patchType`);
    return;
  }
  if (patchType !== 'JSONPatch' && patchType !== 'ApplyConfiguration') {
    problems.unsupported(`${at}.patchType`, patchType, patchTypes);
    return;
  }
  const [own, other] =
    patchType === 'JSONPatch' ? ['jsonPatch', 'applyConfiguration'] : ['applyConfiguration', 'jsonPatch'];
  const patch = part(mutation, own);
  const expression = text(patch, 'expression')?.trim() ?? '';
  if (!patch) problems.required(`${at}.${own}`, `must be specified when patchType is ${patchType}`);
  else if (expression === '') problems.required(`${at}.${own}.expression`);
  else compiled(expressions.mutation(patchType, expression), `${at}.${own}.expression`, problems);
  if (part(mutation, other)) {
    problems.invalid(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${patchType}`);
  }
}

export function validateValidatingBinding(binding: Fields, problems: Problems): void {
  const spec = validateBinding(binding, problems);
  const at = 'spec.validationActions';
  const given = listed(spec, 'validationActions');
  const seen = new Set<unknown>();
  for (const [index, action] of given.entries()) {
    if (!actions.includes(String(action))) problems.unsupported(`${at}[${index}]`, action, actions);
    if (seen.has(action)) problems.duplicate(`${at}[${index}]`, action);
    seen.add(action);
  }
  if (seen.has('Deny') && seen.has('Warn')) {
    const why = 'repeating the same validation failure information in the API response and headers serves no purpose';
    problems.invalid(at, given, `must not contain both Deny and Warn (${why})`);
  }
  if (given.length === 0) problems.required(at, 'at least one validation action is required');
}

export function validateMutatingBinding(binding: Fields, problems: Problems): void {
  const spec = validateBinding(binding, problems);
  validateOperations(part(spec, 'matchResources'), 'spec.matchResources', problems);
}

function validateBinding(binding: Fields, problems: Problems): Fields {
  const spec = part(binding, 'spec') ?? {};
  const name = text(spec, 'policyName') ?? '';
  if (name === '') problems.required('spec.policyName');
  else for (const message of dnsSubdomain(name)) problems.invalid('spec.policyName', name, message);
  validateParamRef(part(spec, 'paramRef'), 'spec.paramRef', problems);
  validateMatchResources(part(spec, 'matchResources'), 'spec.matchResources', problems);
  return spec;
}

/** Of a deletion there is nothing to change. */
function validateOperations(match: Fields | undefined, at: string, problems: Problems): void {
  for (const rule of parts(match, 'resourceRules')) {
    for (const operation of listed(rule, 'operations')) {
      if (mutatingOperations.includes(String(operation))) continue;
      problems.unsupported(`${at}.resourceRules.operations`, operation, mutatingOperations);
    }
  }
}
