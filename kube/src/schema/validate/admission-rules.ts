import { type Fields, part, parts, text } from '../fields.ts';
import { pathSegment } from './names.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';

/** What webhooks, policies and their bindings share. Source: `pkg/apis/admissionregistration/validation` of v1.35. */

export const failurePolicies = ['Fail', 'Ignore'];
export const reinvocationPolicies = ['IfNeeded', 'Never'];
const matchPolicies = ['Equivalent', 'Exact'];
const scopes = ['*', 'Cluster', 'Namespaced'];
const operations = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

export function listed(object: Fields | undefined, field: string): unknown[] {
  const value = object?.[field];
  return Array.isArray(value) ? value : [];
}

/** A field that must hold one of some words, if it holds any. */
export function oneOf(
  object: Fields,
  field: string,
  at: string,
  supported: readonly string[],
  problems: Problems,
): void {
  const value = object[field];
  if (value !== undefined && !supported.includes(String(value)))
    problems.unsupported(`${at}.${field}`, value, supported);
}

export function validateRule(rule: Fields, at: string, problems: Problems): void {
  const wanted = listed(rule, 'operations');
  if (wanted.length === 0) problems.required(`${at}.operations`);
  alone(wanted, `${at}.operations`, 'operations', problems);
  for (const [index, operation] of wanted.entries()) {
    if (!operations.includes(String(operation))) {
      problems.unsupported(`${at}.operations[${index}]`, operation, operations);
    }
  }
  const groups = listed(rule, 'apiGroups');
  if (groups.length === 0) problems.required(`${at}.apiGroups`);
  alone(groups, `${at}.apiGroups`, 'API groups', problems);
  const versions = listed(rule, 'apiVersions');
  if (versions.length === 0) problems.required(`${at}.apiVersions`);
  alone(versions, `${at}.apiVersions`, 'API versions', problems);
  for (const [index, version] of versions.entries()) {
    if (version === '') problems.required(`${at}.apiVersions[${index}]`);
  }
  validateResources(listed(rule, 'resources').map(String), `${at}.resources`, problems);
  oneOf(rule, 'scope', at, scopes, problems);
}

/** `*` says all there is to say. */
function alone(values: readonly unknown[], at: string, what: string, problems: Problems): void {
  if (values.length > 1 && values.includes('*')) {
    problems.invalid(at, values, `if '*' is present, must not specify other ${what}`);
  }
}

function validateResources(resources: readonly string[], at: string, problems: Problems): void {
  if (resources.length === 0) problems.required(at);
  const [wholeResources, wholeParts] = [new Set<string>(), new Set<string>()];
  for (const [index, written] of resources.entries()) {
    if (written === '') {
      problems.required(`${at}[${index}]`);
      continue;
    }
    const slash = written.indexOf('/');
    if (slash < 0) continue;
    const [resource, subresource] = [written.slice(0, slash), written.slice(slash + 1)];
    if (wholeResources.has(resource)) {
      problems.invalid(`${at}[${index}]`, written, `if '${resource}/*' is present, must not specify ${written}`);
    }
    if (wholeParts.has(subresource)) {
      problems.invalid(`${at}[${index}]`, written, `if '*/${subresource}' is present, must not specify ${written}`);
    }
    if (subresource === '*') wholeResources.add(resource);
    if (resource === '*') wholeParts.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*')) {
    problems.invalid(at, resources, "if '*/*' is present, must not specify other resources");
  }
  // As in Kubernetes, the last one without a subresource decides.
  const lastPlain = resources.findLast((written) => written !== '' && !written.includes('/'));
  if (resources.includes('*') && lastPlain !== undefined && lastPlain !== '*') {
    problems.invalid(at, resources, "if '*' is present, must not specify other resources without subresources");
  }
}

/** `matchConstraints` of a policy, `matchResources` of a binding. */
export function validateMatchResources(match: Fields | undefined, at: string, problems: Problems): void {
  if (match === undefined) return;
  if (match.matchPolicy === undefined) problems.required(`${at}.matchPolicy`);
  oneOf(match, 'matchPolicy', at, matchPolicies, problems);
  validateSelectors(match, at, problems);
  for (const field of ['resourceRules', 'excludeResourceRules']) {
    for (const [index, rule] of parts(match, field).entries()) {
      validateNames(rule, `${at}.${field}[${index}].resourceNames`, problems);
      validateRule(rule, `${at}.${field}[${index}]`, problems);
    }
  }
}

export function validateSelectors(object: Fields, at: string, problems: Problems): void {
  for (const field of ['namespaceSelector', 'objectSelector']) {
    validateLabelSelector(part(object, field), `${at}.${field}`, problems);
  }
}

export function validateMatchPolicy(object: Fields, at: string, problems: Problems): void {
  oneOf(object, 'matchPolicy', at, matchPolicies, problems);
}

function validateNames(rule: Fields, at: string, problems: Problems): void {
  const seen = new Set<unknown>();
  for (const [index, name] of listed(rule, 'resourceNames').entries()) {
    for (const message of pathSegment(String(name))) problems.invalid(`${at}[${index}]`, name, message);
    if (seen.has(name)) problems.duplicate(`${at}[${index}]`, name);
    seen.add(name);
  }
}

const notFoundActions = ['Deny', 'Allow'];

export function validateParamRef(ref: Fields | undefined, at: string, problems: Problems): void {
  if (ref === undefined) return;
  const name = text(ref, 'name') ?? '';
  const selector = part(ref, 'selector');
  const both = 'name and selector are mutually exclusive';
  if (name !== '') {
    for (const message of pathSegment(name)) problems.invalid(`${at}.name`, name, message);
    if (selector) problems.forbidden(`${at}.name`, both);
  }
  if (selector) {
    validateLabelSelector(selector, `${at}.selector`, problems);
    if (name !== '') problems.forbidden(`${at}.selector`, both);
  }
  if (name === '' && !selector) problems.required(at, 'one of name or selector must be specified');
  if (!text(ref, 'parameterNotFoundAction')) problems.required(`${at}.parameterNotFoundAction`);
  else oneOf(ref, 'parameterNotFoundAction', at, notFoundActions, problems);
}
