import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { goValue } from './go-value.ts';
import { configKey, dnsSubdomain, finalizerDomain, labelValue, pathSegment, qualifiedName } from './names.ts';
import { cidrMessage, isCidr } from './network.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const dataLimit = 1024 * 1024;
const frozen = 'field is immutable when `immutable` is set';

/** What is marked immutable stays as it is, the mark included. */
function validateFrozen(object: Fields, old: Fields | undefined, fields: readonly string[], problems: Problems): void {
  if (old?.immutable !== true) return;
  if (object.immutable !== true) problems.forbidden('immutable', frozen);
  for (const field of fields) if (!sameData(object[field] ?? {}, old[field] ?? {})) problems.forbidden(field, frozen);
}

export const validateConfigMap: Rule = (object, problems, old) => {
  const [data, binary] = [part(object, 'data') ?? {}, part(object, 'binaryData') ?? {}];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    for (const message of configKey(key)) problems.invalid(`data[${key}]`, key, message);
    if (Object.hasOwn(binary, key)) problems.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    size += Buffer.byteLength(String(value));
  }
  for (const [key, value] of Object.entries(binary)) {
    for (const message of configKey(key)) problems.invalid(`binaryData[${key}]`, key, message);
    size += Buffer.byteLength(String(value), 'base64');
  }
  if (size > dataLimit) problems.tooLong('', dataLimit);
  validateFrozen(object, old, ['data', 'binaryData'], problems);
};

/** A namespace goes when all of its finalizers are gone. */
export const validateNamespace: Rule = (object, problems) => {
  const finalizers = part(object, 'spec')?.finalizers;
  for (const finalizer of Array.isArray(finalizers) ? (finalizers as string[]) : []) {
    // Kubernetes does not say which of them it means.
    for (const message of qualifiedName(finalizer)) problems.invalid('spec.finalizers', finalizer, message);
    for (const message of finalizerDomain(finalizer)) problems.invalid('spec.finalizers', finalizer, message);
  }
};

const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

export const validateSecret: Rule = (object, problems, old) => {
  const data = part(object, 'data') ?? {};
  const type = text(object, 'type') ?? '';
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    for (const message of configKey(key)) problems.invalid(`data[${key}]`, key, message);
    size += Buffer.byteLength(String(value), 'base64');
  }
  if (size > dataLimit) problems.tooLong('data', dataLimit);
  for (const key of requiredKeys[type] ?? []) {
    const value = text(data, key);
    // An empty key stands for none; a certificate may be given later.
    if (value === undefined || (key === 'ssh-privatekey' && value === '')) problems.required(`data[${key}]`);
    else if (key.startsWith('.docker')) validateDockerConfig(value, `data[${key}]`, problems);
  }
  if (type === 'kubernetes.io/basic-auth' && !Object.hasOwn(data, 'username') && !Object.hasOwn(data, 'password')) {
    problems.required('data[username]');
    problems.required('data[password]');
  }
  if (type === 'kubernetes.io/service-account-token') {
    const annotations = part(part(object, 'metadata'), 'annotations');
    if (!text(annotations, 'kubernetes.io/service-account.name')) {
      problems.required('metadata.annotations[kubernetes.io/service-account.name]');
    }
  }
  if (old !== undefined && type !== (text(old, 'type') ?? '')) problems.invalid('type', type, 'field is immutable');
  validateFrozen(object, old, ['data'], problems);
};

/** Credentials of registries, which are not shown. */
function validateDockerConfig(value: string, at: string, problems: Problems): void {
  const fault = jsonFault(Buffer.from(value, 'base64').toString());
  if (fault !== undefined) problems.invalid(at, '<secret contents redacted>', fault);
}

/** What Go's parser says of a text that is no JSON object; further in it also says what it looked for. */
function jsonFault(json: string): string | undefined {
  const start = json.trimStart();
  if (start === '') return 'unexpected end of JSON input';
  const [first = ''] = start;
  try {
    const parsed: unknown = JSON.parse(json);
    if (parsed === null || (typeof parsed === 'object' && !Array.isArray(parsed))) return undefined;
    const kind = Array.isArray(parsed) ? 'array' : typeof parsed === 'boolean' ? 'bool' : typeof parsed;
    return `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (!/[[{"\dtfn-]/.test(first)) return `invalid character ${quoted(first)} looking for beginning of value`;
    const [, at] = /position (\d+)/.exec(error.message) ?? [];
    const wrong = at === undefined ? undefined : json[Number(at)];
    return wrong === undefined ? 'unexpected end of JSON input' : `invalid character ${quoted(wrong)}`;
  }
}

const quoted = (character: string) => (character === "'" ? "'\\''" : `'${character}'`);

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
const taintStruct = { Key: '', Value: '', Effect: '', TimeAdded: null };
const uniqueTaints = 'taints must be unique by key and effect pair';

export const validateNode: Rule = (object, problems, old) => {
  const spec = part(object, 'spec');
  const seen = new Set<string>();
  parts(spec, 'taints').forEach((taint, index) => {
    // As Kubernetes names the field.
    const at = `metadata.taints[${index}]`;
    const key = text(taint, 'key') ?? '';
    const effect = text(taint, 'effect') ?? '';
    for (const message of qualifiedName(key)) problems.invalid(`${at}.key`, key, message);
    for (const message of labelValue(text(taint, 'value') ?? '')) problems.invalid(`${at}.value`, taint.value, message);
    if (effect === '') problems.required(`${at}.effect`);
    else if (!taintEffects.includes(effect)) problems.unsupported(`${at}.effect`, effect, taintEffects);
    if (seen.has(`${key}:${effect}`)) problems.duplicate(at, goValue(taint, taintStruct), uniqueTaints);
    seen.add(`${key}:${effect}`);
  });
  const ranges = Array.isArray(spec?.podCIDRs) ? (spec.podCIDRs as string[]) : [];
  ranges.forEach((range, index) => {
    if (!isCidr(range)) problems.invalid(`spec.podCIDRs[${index}]`, range, cidrMessage);
  });
  if (ranges.length > 1 && ranges.every(isCidr)) {
    const families = new Set(ranges.map((range) => range.includes(':')));
    if (ranges.length > 2 || families.size < ranges.length) {
      problems.invalid('spec.podCIDRs', ranges, 'may specify no more than one CIDR for each IP family');
    }
  }
  validateNodeUpdate(spec, part(old, 'spec'), problems);
};

function validateNodeUpdate(spec: Fields | undefined, old: Fields | undefined, problems: Problems): void {
  const before = Array.isArray(old?.podCIDRs) ? old.podCIDRs : [];
  if (before.length > 0 && !sameData(spec?.podCIDRs, before))
    problems.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  const provider = text(old, 'providerID') ?? '';
  if (provider !== '' && provider !== (text(spec, 'providerID') ?? ''))
    problems.forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
}

const rbacGroup = 'rbac.authorization.k8s.io';

function validateRules(object: Fields, namespaced: boolean, problems: Problems): void {
  parts(object, 'rules').forEach((rule, index) => {
    const at = `rules[${index}]`;
    const count = (field: string) => (Array.isArray(rule[field]) ? rule[field].length : 0);
    if (count('verbs') === 0) problems.required(`${at}.verbs`, 'verbs must contain at least one value');
    if (count('nonResourceURLs') > 0) {
      if (namespaced)
        problems.invalid(
          `${at}.nonResourceURLs`,
          rule.nonResourceURLs,
          'namespaced rules cannot apply to non-resource URLs',
        );
      if (count('apiGroups') + count('resources') + count('resourceNames') > 0) {
        problems.invalid(
          `${at}.nonResourceURLs`,
          rule.nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        );
      }
      return;
    }
    if (count('apiGroups') === 0)
      problems.required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
    if (count('resources') === 0)
      problems.required(`${at}.resources`, 'resource rules must supply at least one resource');
  });
}

export const validateRole: Rule = (object, problems) => validateRules(object, true, problems);

export const validateClusterRole: Rule = (object, problems) => {
  validateRules(object, false, problems);
  const aggregation = part(object, 'aggregationRule');
  if (aggregation === undefined) return;
  const selectors = parts(aggregation, 'clusterRoleSelectors');
  if (selectors.length === 0) {
    problems.required(
      'aggregationRule.clusterRoleSelectors',
      'at least one clusterRoleSelector required if aggregationRule is non-nil',
    );
  }
  selectors.forEach((selector, index) => {
    const at = `aggregationRule.clusterRoleSelectors[${index}]`;
    // Kubernetes shows the selector that it could not make, and so nothing.
    if (!validateLabelSelector(selector, at, problems)) problems.invalid(at, null, 'invalid label selector.');
  });
};

function validateBinding(object: Fields, roleKinds: readonly string[], problems: Problems, old?: Fields): void {
  const roleRef = part(object, 'roleRef') ?? {};
  const group = text(roleRef, 'apiGroup') ?? '';
  if (group !== rbacGroup) problems.unsupported('roleRef.apiGroup', group, [rbacGroup]);
  const kind = text(roleRef, 'kind') ?? '';
  if (!roleKinds.includes(kind)) problems.unsupported('roleRef.kind', kind, roleKinds);
  const name = text(roleRef, 'name') ?? '';
  if (name === '') problems.required('roleRef.name');
  else for (const message of pathSegment(name)) problems.invalid('roleRef.name', name, message);
  if (old !== undefined && !sameData(roleRef, part(old, 'roleRef') ?? {}))
    problems.invalid('roleRef', goValue(roleRef, { APIGroup: '', Kind: '', Name: '' }), 'cannot change roleRef');
  parts(object, 'subjects').forEach((subject, index) => {
    validateSubject(subject, `subjects[${index}]`, roleKinds.includes('Role'), problems);
  });
}

const subjectKinds = ['ServiceAccount', 'User', 'Group'];

function validateSubject(subject: Fields, at: string, namespaced: boolean, problems: Problems): void {
  const kind = text(subject, 'kind') ?? '';
  const group = text(subject, 'apiGroup') ?? '';
  if (!text(subject, 'name')) problems.required(`${at}.name`);
  if (!subjectKinds.includes(kind)) problems.unsupported(`${at}.kind`, kind, subjectKinds);
  else if (kind === 'ServiceAccount') {
    const name = text(subject, 'name') ?? '';
    if (name !== '') for (const message of dnsSubdomain(name)) problems.invalid(`${at}.name`, name, message);
    if (group !== '') problems.unsupported(`${at}.apiGroup`, group, ['']);
    if (!text(subject, 'namespace') && !namespaced) problems.required(`${at}.namespace`);
  } else if (group !== rbacGroup) problems.unsupported(`${at}.apiGroup`, group, [rbacGroup]);
}

export const validateRoleBinding: Rule = (object, problems, old) =>
  validateBinding(object, ['Role', 'ClusterRole'], problems, old);
export const validateClusterRoleBinding: Rule = (object, problems, old) =>
  validateBinding(object, ['ClusterRole'], problems, old);

const preemptionPolicies = ['PreemptLowerPriority', 'Never'];

/** Classes of the cluster itself; nobody else's begin like them. */
const systemPriorities = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
]);

function systemClassFault(name: string, object: Fields): string | undefined {
  const value = systemPriorities.get(name);
  if (value === undefined) return `${name} is not a known system priority class`;
  if (object.value !== value) return `value of ${name} PriorityClass must be ${value}`;
  return object.globalDefault === true ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export const validatePriorityClass: Rule = (object, problems, old) => {
  const name = text(part(object, 'metadata'), 'name') ?? '';
  if (old === undefined && name.startsWith('system-')) {
    const fault = systemClassFault(name, object);
    const message = `priority class names with 'system-' prefix are reserved for system use only. error: ${fault}`;
    if (fault !== undefined) problems.forbidden('metadata.name', message);
  } else if (old === undefined && typeof object.value === 'number' && object.value > 1_000_000_000) {
    problems.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000');
  }
  const policy = text(object, 'preemptionPolicy');
  if (old === undefined && policy === '') problems.required('preemptionPolicy');
  else if (old === undefined && policy !== undefined && !preemptionPolicies.includes(policy))
    problems.unsupported('preemptionPolicy', policy, preemptionPolicies);
  if (old === undefined) return;
  if ((object.value ?? 0) !== (old.value ?? 0)) problems.forbidden('value', 'may not be changed in an update.');
  if (!sameData(object.preemptionPolicy, old.preemptionPolicy)) {
    problems.invalid('preemptionPolicy', object.preemptionPolicy, 'field is immutable');
  }
};
