import { identityOf, sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { protocols, type Surroundings, validateContainers } from './container.ts';
import { validateEphemeralContainers } from './ephemeral.ts';
import { validateAnnotations, validateLabels } from './metadata.ts';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './names.ts';
import { validateNodeTerm } from './node-selector.ts';
import { validatePodNames, validatePodSecurity } from './pod-security.ts';
import { validateVolumes } from './pod-volumes.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';

export const restartPolicies = ['Always', 'OnFailure', 'Never'];
const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** A pod template, wherever it is embedded. `claims` are volumes that its pods get beside their own. */
export function validatePodTemplate(
  template: Fields | undefined,
  path: string,
  problems: Problems,
  claims: readonly string[] = [],
): void {
  const metadata = part(template, 'metadata');
  validateLabels(part(metadata, 'labels'), `${path}.labels`, problems);
  validateAnnotations(part(metadata, 'annotations'), `${path}.annotations`, problems);
  validatePodSpec(part(template, 'spec') ?? {}, `${path}.spec`, problems, { claims });
  if (parts(part(template, 'spec'), 'ephemeralContainers').length > 0) {
    problems.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

/** A pod's specification. `claims` are volumes that it gets beside its own; `name` is the pod's, where it is known. */
export function validatePodSpec(
  spec: Fields,
  path: string,
  problems: Problems,
  { claims = [], name = '' }: { claims?: readonly string[]; name?: string } = {},
): void {
  const surroundings: Surroundings = {
    volumes: new Set([...validateVolumes(spec, path, name, problems), ...claims]),
    emptyVolumes: new Set(
      parts(spec, 'volumes').flatMap((volume) => (volume.emptyDir === undefined ? [] : [text(volume, 'name') ?? ''])),
    ),
    hostNetwork: spec.hostNetwork === true,
    hostUsers: spec.hostUsers !== false,
  };
  const containers = parts(spec, 'containers');
  const taken = new Set<string>();
  if (containers.length === 0) problems.required(`${path}.containers`);
  validateContainers(containers, `${path}.containers`, surroundings, taken, problems);
  validateContainers(parts(spec, 'initContainers'), `${path}.initContainers`, surroundings, taken, problems);
  validateEphemeralContainers(spec, path, taken, problems);
  const policy = text(spec, 'restartPolicy') ?? '';
  if (policy === '') problems.required(`${path}.restartPolicy`);
  else if (!restartPolicies.includes(policy)) problems.unsupported(`${path}.restartPolicy`, policy, restartPolicies);
  const dns = text(spec, 'dnsPolicy') ?? '';
  if (dns === '') problems.required(`${path}.dnsPolicy`);
  else if (!dnsPolicies.includes(dns)) problems.unsupported(`${path}.dnsPolicy`, dns, dnsPolicies);
  const deadline = spec.activeDeadlineSeconds;
  if (typeof deadline === 'number' && (deadline < 1 || deadline > 2 ** 31 - 1)) {
    problems.invalid(`${path}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive');
  }
  for (const [field, check] of [
    ['serviceAccountName', dnsSubdomain],
    ['nodeName', dnsSubdomain],
    ['hostname', dnsLabel],
    ['subdomain', dnsLabel],
    ['priorityClassName', dnsSubdomain],
    ['runtimeClassName', dnsSubdomain],
  ] as const) {
    const value = text(spec, field);
    if (value) for (const message of check(value)) problems.invalid(`${path}.${field}`, value, message);
  }
  for (const [key, value] of Object.entries(part(spec, 'nodeSelector') ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid(`${path}.nodeSelector`, key, message);
    for (const message of labelValue(String(value))) problems.invalid(`${path}.nodeSelector`, value, message);
  }
  validatePodNames(spec, path, problems);
  validatePodSecurity(spec, path, problems);
  validateTolerations(spec, path, problems);
  validateAffinity(part(spec, 'affinity'), `${path}.affinity`, problems);
  validateSpread(spec, path, problems);
  const nameservers = part(spec, 'dnsConfig')?.nameservers;
  if (spec.dnsPolicy === 'None' && (!Array.isArray(nameservers) || nameservers.length === 0)) {
    problems.required(
      `${path}.dnsConfig.nameservers`,
      'must provide at least one DNS nameserver when `dnsPolicy` is None',
    );
  }
  if (spec.hostPID === true && spec.shareProcessNamespace === true) {
    problems.invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  }
}

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** The `tolerations` of a specification. */
export function validateTolerations(spec: Fields, path: string, problems: Problems): void {
  parts(spec, 'tolerations').forEach((toleration, index) => {
    const at = `${path}.tolerations[${index}]`;
    const key = text(toleration, 'key') ?? '';
    const operator = text(toleration, 'operator') ?? '';
    if (key !== '') for (const message of qualifiedName(key)) problems.invalid(`${at}.key`, key, message);
    else if (operator !== 'Exists') {
      problems.invalid(
        `${at}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
      problems.invalid(
        `${at}.effect`,
        toleration.effect ?? '',
        "effect must be 'NoExecute' when `tolerationSeconds` is set",
      );
    }
    if (operator !== '' && operator !== 'Equal' && operator !== 'Exists') {
      problems.unsupported(`${at}.operator`, operator, ['Equal', 'Exists']);
    } else if (operator === 'Exists' && text(toleration, 'value')) {
      problems.invalid(`${at}.operator`, { ...toleration }, "value must be empty when `operator` is 'Exists'");
    }
    if (operator === 'Equal' || operator === '') {
      const value = text(toleration, 'value') ?? '';
      for (const message of labelValue(value)) problems.invalid(`${at}.operator`, value, message);
    }
    const effect = text(toleration, 'effect') ?? '';
    if (effect !== '' && !effects.includes(effect)) problems.unsupported(`${at}.effect`, effect, effects);
  });
}

const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';

function validateWeight(term: Fields, path: string, problems: Problems): void {
  const weight = term.weight;
  if (typeof weight !== 'number' || weight < 1 || weight > 100)
    problems.invalid(`${path}.weight`, weight ?? 0, 'must be in the range 1-100');
}

function validateAffinity(affinity: Fields | undefined, path: string, problems: Problems): void {
  const node = part(affinity, 'nodeAffinity');
  const demanded = part(node, required);
  if (demanded !== undefined) {
    const terms = parts(demanded, 'nodeSelectorTerms');
    const at = `${path}.nodeAffinity.${required}.nodeSelectorTerms`;
    if (terms.length === 0) problems.required(at, 'must have at least one node selector term');
    terms.forEach((term, index) => {
      validateNodeTerm(term, `${at}[${index}]`, problems);
    });
  }
  parts(node, preferred).forEach((term, index) => {
    const at = `${path}.nodeAffinity.${preferred}[${index}]`;
    validateWeight(term, at, problems);
    validateNodeTerm(part(term, 'preference'), `${at}.preference`, problems);
  });
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const pods = part(affinity, kind);
    parts(pods, required).forEach((term, index) => {
      validatePodTerm(term, `${path}.${kind}.${required}[${index}]`, problems);
    });
    parts(pods, preferred).forEach((term, index) => {
      const at = `${path}.${kind}.${preferred}[${index}]`;
      validateWeight(term, at, problems);
      validatePodTerm(part(term, 'podAffinityTerm') ?? {}, `${at}.podAffinityTerm`, problems);
    });
  }
}

function validatePodTerm(term: Fields, path: string, problems: Problems): void {
  validateLabelSelector(part(term, 'labelSelector'), `${path}.labelSelector`, problems);
  validateLabelSelector(part(term, 'namespaceSelector'), `${path}.namespaceSelector`, problems);
  const namespaces = Array.isArray(term.namespaces) ? (term.namespaces as string[]) : [];
  for (const namespace of namespaces) {
    for (const message of dnsLabel(namespace)) problems.invalid(`${path}.namespace`, namespace, message);
  }
  const key = text(term, 'topologyKey') ?? '';
  if (key === '') problems.required(`${path}.topologyKey`, 'can not be empty');
  for (const message of qualifiedName(key)) problems.invalid(`${path}.topologyKey`, key, message);
}

const actions = ['DoNotSchedule', 'ScheduleAnyway'];

function validateSpread(spec: Fields, path: string, problems: Problems): void {
  const constraints = parts(spec, 'topologySpreadConstraints');
  const pairs = constraints.map(
    (constraint) => `{${text(constraint, 'topologyKey') ?? ''}, ${text(constraint, 'whenUnsatisfiable') ?? ''}}`,
  );
  const last = new Map(pairs.map((pair, index) => [pair, index]));
  constraints.forEach((constraint, index) => {
    const at = `${path}.topologySpreadConstraints[${index}]`;
    if (typeof constraint.maxSkew !== 'number' || constraint.maxSkew <= 0) {
      problems.invalid(`${at}.maxSkew`, constraint.maxSkew ?? 0, 'must be greater than zero');
    }
    if (!text(constraint, 'topologyKey')) problems.required(`${at}.topologyKey`, 'can not be empty');
    const action = text(constraint, 'whenUnsatisfiable') ?? '';
    if (!actions.includes(action)) problems.unsupported(`${at}.whenUnsatisfiable`, action, actions);
    const pair = pairs[index] ?? '';
    // Told of where it comes first.
    if (last.get(pair) !== index) problems.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair);
    validateLabelSelector(part(constraint, 'labelSelector'), `${at}.labelSelector`, problems);
  });
}

const mayChange =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** What of a pod may change once it exists. */
export function validatePodUpdate(spec: Fields, old: Fields, problems: Problems): void {
  for (const list of ['containers', 'initContainers']) {
    if (parts(spec, list).length !== parts(old, list).length) {
      problems.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
      return;
    }
  }
  const kept = new Set(parts(spec, 'tolerations').map(tolerated));
  if (parts(old, 'tolerations').some((toleration) => !kept.has(tolerated(toleration)))) {
    problems.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  }
  const deadline = spec.activeDeadlineSeconds;
  const oldDeadline = old.activeDeadlineSeconds;
  if (typeof oldDeadline === 'number' && (typeof deadline !== 'number' || deadline > oldDeadline)) {
    problems.invalid('spec.activeDeadlineSeconds', deadline ?? null, 'must be less than or equal to previous value');
  }
  const gates = parts(spec, 'schedulingGates').map((gate) => gate.name);
  const oldGates = parts(old, 'schedulingGates').map((gate) => gate.name);
  const place = gates.findIndex((gate) => !oldGates.includes(gate));
  const added = gates[place];
  if (added !== undefined)
    problems.forbidden(
      `spec.schedulingGates[${place}].name`,
      `only deletion is allowed, but found new scheduling gate '${added}'`,
    );
  if (!sameData(changeable(spec, old), changeable(old, old))) problems.forbidden('spec', mayChange);
}

/** What a toleration is known by: all of it but how long it lasts. */
function tolerated(toleration: Fields): unknown {
  return identityOf({ ...toleration, tolerationSeconds: 0 });
}

/** The specification with everything that may change made equal. */
function changeable(spec: Fields, old: Fields): Fields {
  const gated = parts(old, 'schedulingGates').length > 0;
  const { activeDeadlineSeconds, tolerations, schedulingGates, ...kept } = spec;
  const grace = old.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0 && kept.terminationGracePeriodSeconds === 1)
    kept.terminationGracePeriodSeconds = grace;
  if (gated) {
    delete kept.nodeSelector;
    delete kept.affinity;
  }
  for (const list of ['containers', 'initContainers']) {
    if (kept[list] !== undefined) kept[list] = parts(kept, list).map((container) => ({ ...container, image: '' }));
  }
  return kept;
}

export { protocols };
