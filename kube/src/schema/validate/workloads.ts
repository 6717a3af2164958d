import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { validateJobPolicies } from './job-policies.ts';
import { dnsLabel, immutableMessage, negativeMessage } from './names.ts';
import { validatePodTemplate } from './pod.ts';
import type { Problems } from './problems.ts';
import { validateLabelSelector, validateTemplateSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

function nonNegative(spec: Fields, path: string, fields: readonly string[], problems: Problems): void {
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

function immutable(
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
  const strategy = part(spec, 'strategy');
  const rolling = part(strategy, 'rollingUpdate');
  if (strategy?.type === 'Recreate' && rolling !== undefined) {
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
  nonNegative(spec, 'spec', ['replicas', 'minReadySeconds'], problems);
  const start = part(spec, 'ordinals')?.start;
  if (typeof start === 'number' && start < 0) problems.invalid('spec.ordinals.start', start, negativeMessage);
  validateTemplateSelector(spec, 'spec', 'statefulset', problems);
  const claims = parts(spec, 'volumeClaimTemplates').map((claim) => text(part(claim, 'metadata'), 'name') ?? '');
  validatePodTemplate(part(spec, 'template'), 'spec.template', problems, claims);
  restartsAlways(spec, problems);
  const service = text(spec, 'serviceName') ?? '';
  if (service !== '') for (const message of dnsLabel(service)) problems.invalid('spec.serviceName', service, message);
  const before = part(old, 'spec');
  if (before === undefined) return;
  const fixed = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([field]) => !statefulMayChange.has(field)));
  if (!sameData(withoutStatus(fixed(spec)), withoutStatus(fixed(before)))) {
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
    problems.invalid(at, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
  const retention = part(spec, 'persistentVolumeClaimRetentionPolicy');
  for (const field of ['whenDeleted', 'whenScaled']) {
    const policy = text(retention, field) ?? '';
    if (policy !== 'Retain' && policy !== 'Delete')
      problems.unsupported(`spec.persistentVolumeClaimRetentionPolicy.${field}`, policy, ['Retain', 'Delete']);
  }
}

function withoutStatus(spec: Fields): Fields {
  const claims = parts(spec, 'volumeClaimTemplates').map(({ status, apiVersion, kind, ...claim }) => claim);
  return claims.length === 0 ? spec : { ...spec, volumeClaimTemplates: claims };
}

export const validateDaemonSet: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  nonNegative(spec, 'spec', ['minReadySeconds', 'revisionHistoryLimit'], problems);
  validateTemplateSelector(spec, 'spec', 'daemonset', problems);
  validatePodTemplate(part(spec, 'template'), 'spec.template', problems);
  restartsAlways(spec, problems);
  immutable(spec, part(old, 'spec'), 'spec', 'selector', problems);
  const rolling = part(part(spec, 'updateStrategy'), 'rollingUpdate');
  if (rolling === undefined) return;
  const path = 'spec.updateStrategy.rollingUpdate';
  validateIntOrPercent(rolling.maxUnavailable, `${path}.maxUnavailable`, problems, true);
  validateIntOrPercent(rolling.maxSurge, `${path}.maxSurge`, problems, true);
  const [unavailable, surge] = [!isZero(rolling.maxUnavailable), !isZero(rolling.maxSurge)];
  if (unavailable && surge)
    problems.invalid(`${path}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero');
  if (!unavailable && !surge) problems.required(`${path}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
};

/** The specification of a job, on its own or in a cron job's template. */
function validateJobSpec(spec: Fields, path: string, problems: Problems): void {
  nonNegative(
    spec,
    path,
    [
      'parallelism',
      'completions',
      'activeDeadlineSeconds',
      'backoffLimit',
      'ttlSecondsAfterFinished',
      'backoffLimitPerIndex',
      'maxFailedIndexes',
    ],
    problems,
  );
  validateJobPolicies(spec, path, problems);
  validatePodTemplate(part(spec, 'template'), `${path}.template`, problems);
  const policy = text(part(part(spec, 'template'), 'spec'), 'restartPolicy') ?? '';
  const at = `${path}.template.spec.restartPolicy`;
  if (policy === 'Always' || policy === '') problems.required(at, 'valid values: "OnFailure", "Never"');
}

export const validateJob: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateJobSpec(spec, 'spec', problems);
  const selector = part(spec, 'selector');
  if (selector === undefined) {
    if (spec.manualSelector === true) problems.required('spec.selector');
  } else {
    validateLabelSelector(selector, 'spec.selector', problems);
  }
  const before = part(old, 'spec');
  if (before === undefined) return;
  for (const field of [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ]) {
    immutable(spec, before, 'spec', field, problems);
  }
  const elastic = spec.completionMode === 'Indexed' && sameData(spec.completions, spec.parallelism);
  if (!elastic) immutable(spec, before, 'spec', 'completions', problems);
  // While a job is suspended and was never started, its scheduling directives may still be set.
  const waiting = before.suspend === true && part(old, 'status')?.startTime === undefined;
  if (!waiting) immutable(spec, before, 'spec', 'template', problems);
};

const field = '(\\*|[0-9a-z]+(-[0-9a-z]+)?)(/\\d+)?';
const schedule = new RegExp(`^(${field}(,${field})*\\s+){4}${field}(,${field})*$`, 'i');
const limits = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

function scheduleProblem(text: string): string | undefined {
  if (/^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every \S+)$/.test(text)) return undefined;
  const fields = text.trim().split(/\s+/);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  if (!schedule.test(text.trim().replaceAll('?', '*'))) return `failed to parse ${JSON.stringify(text)}`;
  for (const [index, [least, most]] of limits.entries()) {
    for (const number of fields[index]?.replace(/\/\d+/g, '').match(/\d+/g) ?? []) {
      if (Number(number) < least) return `beginning of range (${number}) below minimum (${least}): ${fields[index]}`;
      if (Number(number) > most) return `end of range (${number}) above maximum (${most}): ${fields[index]}`;
    }
  }
  return undefined;
}

export const validateCronJob: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  const name = text(part(object, 'metadata'), 'name') ?? '';
  if (name.length > 52) problems.invalid('metadata.name', name, 'must be no more than 52 characters');
  const when = text(spec, 'schedule') ?? '';
  if (when === '') problems.required('spec.schedule');
  else {
    const problem = scheduleProblem(when);
    if (problem !== undefined) problems.invalid('spec.schedule', when, problem);
    if (/TZ=/.test(when))
      problems.invalid('spec.schedule', when, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead');
  }
  const zone = text(spec, 'timeZone');
  if (zone !== undefined && !isTimeZone(zone)) problems.invalid('spec.timeZone', zone, `unknown time zone ${zone}`);
  nonNegative(
    spec,
    'spec',
    ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'],
    problems,
  );
  validateJobSpec(part(part(spec, 'jobTemplate'), 'spec') ?? {}, 'spec.jobTemplate.spec', problems);
};

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const validatePodDisruptionBudget: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    problems.invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  validateIntOrPercent(spec.minAvailable, 'spec.minAvailable', problems, true);
  validateIntOrPercent(spec.maxUnavailable, 'spec.maxUnavailable', problems, true);
  validateLabelSelector(part(spec, 'selector'), 'spec.selector', problems);
};
