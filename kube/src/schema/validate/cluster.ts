import { sameData } from '../../patch/index.ts';
import { compareQuantities, isQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { configKey, dnsSubdomain, labelValue, pathSegment, qualifiedName } from './names.ts';
import { cidrMessage, isCidr } from './network.ts';
import type { Problems } from './problems.ts';
import { validateResourceList } from './resources.ts';
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
  for (const key of requiredKeys[type] ?? []) if (!Object.hasOwn(data, key)) problems.required(`data[${key}]`);
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

const taintEffects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

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
    if (seen.has(`${key}:${effect}`)) problems.duplicate(at, taint);
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
  const before = part(old, 'spec');
  for (const field of ['podCIDR', 'providerID']) {
    if (before?.[field] !== undefined && before[field] !== '' && !sameData(spec?.[field], before[field])) {
      problems.forbidden(`spec.${field}`, 'node updates may not change it once set');
    }
  }
};

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
    validateLabelSelector(selector, `aggregationRule.clusterRoleSelectors[${index}]`, problems);
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
    problems.invalid('roleRef', roleRef, 'cannot change roleRef');
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

const limitTypes = new Set(['Container', 'PersistentVolumeClaim', 'Pod']);

export const validateLimitRange: Rule = (object, problems) => {
  const types = new Set<string>();
  parts(part(object, 'spec'), 'limits').forEach((limit, index) => {
    const at = `spec.limits[${index}]`;
    const type = text(limit, 'type') ?? '';
    for (const message of qualifiedName(type)) problems.invalid(`${at}.type`, type, message);
    if (!limitTypes.has(type) && !type.includes('/') && qualifiedName(type).length === 0)
      problems.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified');
    if (types.has(type)) problems.duplicate(`${at}.type`, type);
    types.add(type);
    for (const field of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) {
      validateResourceList(part(limit, field), `${at}.${field}`, problems);
    }
    if (type === 'Pod') {
      for (const field of ['default', 'defaultRequest']) {
        if (limit[field] !== undefined)
          problems.forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'");
      }
    }
    for (const [lower, upper] of [
      ['min', 'max'],
      ['min', 'default'],
      ['defaultRequest', 'default'],
      ['default', 'max'],
    ] as const) {
      for (const [name, value] of Object.entries(part(limit, lower) ?? {})) {
        const bound = part(limit, upper)?.[name];
        if (!isQuantity(value) || !isQuantity(bound) || compareQuantities(value, bound) <= 0) continue;
        problems.invalid(
          `${at}.${lower}[${name}]`,
          String(value),
          `${lower} value ${value} is greater than ${upper} value ${bound}`,
        );
      }
    }
  });
};

export const validateResourceQuota: Rule = (object, problems, old) => {
  const spec = part(object, 'spec');
  validateResourceList(part(spec, 'hard'), 'spec.hard', problems);
  const before = part(old, 'spec');
  if (before !== undefined && !sameData(spec?.scopes, before.scopes))
    problems.invalid('spec.scopes', spec?.scopes ?? [], 'field is immutable');
};

export const validatePriorityClass: Rule = (object, problems, old) => {
  const name = text(part(object, 'metadata'), 'name') ?? '';
  if (
    old === undefined &&
    typeof object.value === 'number' &&
    object.value > 1_000_000_000 &&
    !name.startsWith('system-')
  ) {
    problems.forbidden('value', 'maximum allowed value of a user defined priority is 1000000000');
  }
  if (old === undefined) return;
  if ((object.value ?? 0) !== (old.value ?? 0)) problems.invalid('value', object.value ?? 0, 'field is immutable');
  if (!sameData(object.preemptionPolicy, old.preemptionPolicy)) {
    problems.invalid('preemptionPolicy', object.preemptionPolicy, 'field is immutable');
  }
};
