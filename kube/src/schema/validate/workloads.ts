import { sameData } from '../../patch/index.ts';
import { labelSelectorOf, matchesLabels } from '../../selectors/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { goValue, pointerTo } from './go-value.ts';
import { dnsLabel, immutableMessage, negativeMessage } from './names.ts';
import { validateClaimSpec } from './persistent-volumes.ts';
import { validatePodTemplate } from './pod.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector, validateTemplateSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

/** Numbers of at least zero. */
export function nonNegative(spec: Fields, path: string, fields: readonly string[], problems: Problems): void {
  for (const field of fields) {
    const value = spec[field];
    if (typeof value === 'number' && value < 0) problems.invalid(`${path}.${field}`, value, negativeMessage);
  }
}

function restartsAlways(spec: Fields, problems: Problems): void {
  const policy = text(part(part(spec, 'template'), 'spec'), 'restartPolicy');
  if (policy !== undefined && policy !== 'Always') {
    problems.unsupported('spec.template.spec.restartPolicy', policy, ['Always']);
  }
}

/** A field that stays as it was. */
export function immutable(
  now: Fields | undefined,
  before: Fields | undefined,
  path: string,
  field: string,
  problems: Problems,
): void {
  if (before !== undefined && !sameData(now?.[field], before[field])) {
    problems.invalid(`${path}.${field}`, now?.[field] ?? null, immutableMessage);
  }
}

/** A whole number or a percentage of at least zero. */
export function validateIntOrPercent(value: unknown, path: string, problems: Problems, cap100 = false): void {
  if (value === undefined) return;
  if (typeof value === 'number') {
    if (value < 0) problems.invalid(path, value, negativeMessage);
  } else if (typeof value !== 'string' || !/^[0-9]+%$/.test(value)) {
    problems.invalid(
      path,
      value,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    );
  } else if (cap100 && Number.parseInt(value, 10) > 100) {
    problems.invalid(path, value, 'must not be greater than 100%');
  }
}

const rollingUpdate = { MaxUnavailable: 0, MaxSurge: 0 };
const deploymentStrategy = { Type: '', RollingUpdate: pointerTo(rollingUpdate) };
const statefulStrategy = { Type: '', RollingUpdate: pointerTo({ Partition: 0, MaxUnavailable: null }) };

const isZero = (value: unknown) => value === 0 || value === '0%';

export const validateDeployment: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  nonNegative(
    spec,
    'spec',
    ['replicas', 'minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'],
    problems,
  );
  validateTemplateSelector(spec, 'spec', 'deployment', problems, 'invalid label selector');
  validatePodTemplate(part(spec, 'template'), 'spec.template', problems);
  restartsAlways(spec, problems);
  const strategy = part(spec, 'strategy') ?? {};
  const rolling = part(strategy, 'rollingUpdate');
  if (strategy.type !== 'Recreate' && strategy.type !== 'RollingUpdate') {
    problems.unsupported('spec.strategy', goValue(strategy, deploymentStrategy), ['Recreate', 'RollingUpdate']);
  } else if (strategy.type === 'Recreate' && rolling !== undefined) {
    problems.forbidden('spec.strategy.rollingUpdate', "may not be specified when strategy `type` is 'Recreate'");
  } else if (rolling !== undefined) {
    validateIntOrPercent(rolling.maxUnavailable, 'spec.strategy.rollingUpdate.maxUnavailable', problems, true);
    validateIntOrPercent(rolling.maxSurge, 'spec.strategy.rollingUpdate.maxSurge', problems);
    if (isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
      problems.invalid(
        'spec.strategy.rollingUpdate.maxUnavailable',
        rolling.maxUnavailable,
        'may not be 0 when `maxSurge` is 0',
      );
    }
  }
  const { progressDeadlineSeconds: deadline, minReadySeconds: ready = 0 } = spec;
  if (typeof deadline === 'number' && typeof ready === 'number' && deadline <= ready) {
    problems.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
  }
  immutable(spec, part(old, 'spec'), 'spec', 'selector', problems);
};

export const validateReplicaSet: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  nonNegative(spec, 'spec', ['replicas', 'minReadySeconds'], problems);
  validateTemplateSelector(spec, 'spec', 'deployment', problems, 'invalid label selector');
  validatePodTemplate(part(spec, 'template'), 'spec.template', problems);
  restartsAlways(spec, problems);
  immutable(spec, part(old, 'spec'), 'spec', 'selector', problems);
};

export const validateReplicationController: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  nonNegative(spec, 'spec', ['replicas', 'minReadySeconds'], problems);
  if (Object.keys(part(spec, 'selector') ?? {}).length === 0) problems.required('spec.selector');
  const template = part(spec, 'template');
  if (template === undefined) {
    problems.required('spec.template');
    return;
  }
  const selector = (part(spec, 'selector') ?? {}) as Record<string, string>;
  const labels = part(part(template, 'metadata'), 'labels');
  const selected = Object.entries(selector).every(([key, value]) => labels?.[key] === value);
  if (!selected && Object.keys(selector).length > 0) {
    problems.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
  validatePodTemplate(template, 'spec.template', problems);
  restartsAlways(spec, problems);
};

const statefulMayChange = new Set([
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
]);

export const validateStatefulSet: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateStatefulStrategy(spec, problems);
  const before = part(old, 'spec');
  if (before === undefined) validateClaimTemplates(spec, problems);
  nonNegative(spec, 'spec', ['replicas', 'minReadySeconds'], problems);
  const start = part(spec, 'ordinals')?.start;
  if (typeof start === 'number' && start < 0) problems.invalid('spec.ordinals.start', start, negativeMessage);
  const service = text(spec, 'serviceName') ?? '';
  if (service !== '' && before === undefined)
    for (const message of dnsLabel(service)) problems.invalid('spec.serviceName', service, message);
  validateTemplateSelector(spec, 'spec', 'statefulset', problems);
  validatePodTemplate(withClaims(spec), 'spec.template', problems);
  restartsAlways(spec, problems);
  if (before === undefined) return;
  const fixed = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => !statefulMayChange.has(field)));
  if (!sameData(fixed(spec), fixed(before))) {
    problems.forbidden(
      'spec',
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
  }
};

function validateStatefulStrategy(spec: Fields, problems: Problems): void {
  const management = text(spec, 'podManagementPolicy') ?? '';
  if (management === '') problems.required('spec.podManagementPolicy');
  else if (management !== 'OrderedReady' && management !== 'Parallel') {
    problems.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'");
  }
  const at = 'spec.updateStrategy';
  const strategy = part(spec, 'updateStrategy');
  const type = text(strategy, 'type') ?? '';
  const rolling = part(strategy, 'rollingUpdate');
  if (type === '') problems.required(at);
  else if (type === 'OnDelete') {
    if (rolling !== undefined)
      problems.invalid(`${at}.rollingUpdate`, rolling, "only allowed for updateStrategy 'RollingUpdate'");
  } else if (type === 'RollingUpdate') {
    nonNegative(rolling ?? {}, `${at}.rollingUpdate`, ['partition'], problems);
    validateIntOrPercent(rolling?.maxUnavailable, `${at}.rollingUpdate.maxUnavailable`, problems, true);
    if (isZero(rolling?.maxUnavailable)) {
      problems.invalid(`${at}.rollingUpdate.maxUnavailable`, rolling?.maxUnavailable, 'cannot be 0');
    }
  } else {
    problems.invalid(at, goValue(strategy ?? {}, statefulStrategy), "must be 'RollingUpdate' or 'OnDelete'");
  }
  const retention = part(spec, 'persistentVolumeClaimRetentionPolicy');
  for (const field of ['whenDeleted', 'whenScaled']) {
    const policy = text(retention, field) ?? '';
    if (policy !== 'Retain' && policy !== 'Delete')
      problems.unsupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, ['Retain', 'Delete']);
  }
}

function validateClaimTemplates(spec: Fields, problems: Problems): void {
  parts(spec, 'volumeClaimTemplates').forEach((claim, index) => {
    validateClaimSpec(part(claim, 'spec') ?? {}, `spec.volumeClaimTemplates[${index}].spec`, problems);
  });
}

/** The template as its pods will have it: with a volume for each claim, whatever stood there by the same name. */
function withClaims(spec: Fields): Fields | undefined {
  const template = part(spec, 'template');
  const claims = new Map(
    parts(spec, 'volumeClaimTemplates').map((claim) => {
      const name = text(part(claim, 'metadata'), 'name') ?? '';
      return [name, { name, persistentVolumeClaim: { claimName: name } }];
    }),
  );
  if (claims.size === 0) return template;
  const pod = part(template, 'spec') ?? {};
  const others = parts(pod, 'volumes').filter((volume) => !claims.has(text(volume, 'name') ?? ''));
  return { ...template, spec: { ...pod, volumes: [...claims.values(), ...others] } };
}

export const validateDaemonSet: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  immutable(spec, part(old, 'spec'), 'spec', 'selector', problems);
  validateDaemonSelector(spec, problems);
  validatePodTemplate(part(spec, 'template'), 'spec.template', problems);
  restartsAlways(spec, problems);
  nonNegative(spec, 'spec', ['minReadySeconds'], problems);
  const strategy = part(spec, 'updateStrategy') ?? {};
  if (strategy.type === 'RollingUpdate') {
    const rolling = part(strategy, 'rollingUpdate');
    if (rolling === undefined) problems.required('spec.updateStrategy.rollingUpdate');
    else validateDaemonUpdate(rolling, 'spec.updateStrategy.rollingUpdate', problems);
  } else if (strategy.type !== 'OnDelete') {
    problems.unsupported('spec.updateStrategy', goValue(strategy, deploymentStrategy), ['RollingUpdate', 'OnDelete']);
  }
  nonNegative(spec, 'spec', ['revisionHistoryLimit'], problems);
};

/** A selector that is not well-formed, or not there, is told of once: nobody asks whether it fits. */
function validateDaemonSelector(spec: Fields, problems: Problems): void {
  const selector = part(spec, 'selector');
  const isRight = validateLabelSelector(selector, 'spec.selector', problems);
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels') as Record<string, string> | undefined;
  if (isRight && !(selector !== undefined && matchesLabels(labelSelectorOf(selector) ?? [], labels))) {
    problems.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
  if (selector !== undefined && Object.keys(selector).length === 0)
    problems.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
}

function validateDaemonUpdate(rolling: Fields, path: string, problems: Problems): void {
  validateIntOrPercent(rolling.maxUnavailable, `${path}.maxUnavailable`, problems, true);
  validateIntOrPercent(rolling.maxSurge, `${path}.maxSurge`, problems, true);
  const [unavailable, surge] = [!isZero(rolling.maxUnavailable), !isZero(rolling.maxSurge)];
  if (unavailable && surge)
    problems.invalid(`${path}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) problems.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}

/** A state of a workload by number, which is kept and never changed. */
export const validateControllerRevision: Rule = (object, problems, old) => {
  const { data, revision } = object;
  if (typeof revision === 'number' && revision < 0) problems.invalid('revision', revision, negativeMessage);
  if (old !== undefined) {
    if (!sameData(data, old.data)) problems.invalid('data', data ?? null, immutableMessage);
  } else if (data === undefined || data === null) problems.required('data', 'data is mandatory');
  else if (part(object, 'data') === undefined) problems.required('data', 'data must be a valid JSON object');
};

export const validatePodDisruptionBudget: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    problems.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  validateIntOrPercent(spec.minAvailable, 'spec.minAvailable', problems, true);
  validateIntOrPercent(spec.maxUnavailable, 'spec.maxUnavailable', problems, true);
  validateLabelSelector(part(spec, 'selector'), 'spec.selector', problems);
};
