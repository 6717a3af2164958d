import { sameData } from '../../patch/index.ts';
import { labelSelectorOf, matchesLabels } from '../../selectors/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { type GoStruct, goValue, listOf, pointerTo } from './go-value.ts';
import { validateJobPolicies } from './job-policies.ts';
import { dnsLabel, immutableMessage, negativeMessage } from './names.ts';
import { validateClaimSpec } from './persistent-volumes.ts';
import { validatePodTemplate } from './pod.ts';
import { Problems } from './problems.ts';
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
  else if (policy !== 'OnFailure' && policy !== 'Never') problems.unsupported(at, policy, ['OnFailure', 'Never']);
  else if (spec.podFailurePolicy !== undefined && policy !== 'Never')
    problems.invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
}

/** Whether made by hand or by the server, a job's selector takes in the pods that it makes. */
function validateJobSelector(spec: Fields, problems: Problems): void {
  const selector = part(spec, 'selector');
  if (selector === undefined) problems.required('spec.selector');
  else if (!validateLabelSelector(selector, 'spec.selector', problems)) return;
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels') as Record<string, string> | undefined;
  if (selector === undefined || !matchesLabels(labelSelectorOf(selector) ?? [], labels)) {
    problems.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  }
}

const failurePolicy = {
  Rules: listOf({
    Action: '',
    OnExitCodes: pointerTo({ ContainerName: null, Operator: '', Values: null }),
    OnPodConditions: listOf({ Type: '', Status: '' }),
  }),
};
const successPolicy = { Rules: listOf({ SucceededIndexes: null, SucceededCount: null }) };

export const validateJob: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  const before = part(old, 'spec');
  validateGeneratedSelector(object, spec, problems);
  validateJobSpec(spec, 'spec', problems);
  validateJobSelector(spec, problems);
  const { completions } = spec;
  if (spec.completionMode === 'Indexed' && typeof completions === 'number' && completions > 0) {
    const name = text(part(object, 'metadata'), 'name') ?? '';
    const host = `${name}-${completions - 1}`;
    if (dnsLabel(host).length > 0)
      problems.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${host}`);
  }
  if (before === undefined) return;
  if (spec.completionMode !== 'Indexed') immutable(spec, before, 'spec', 'completions', problems);
  else if (completions !== undefined && completions !== before.completions && completions !== spec.parallelism)
    problems.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism');
  immutable(spec, before, 'spec', 'selector', problems);
  // While a job is suspended and was never started, its scheduling directives may still be set.
  const waiting = before.suspend === true && part(old, 'status')?.startTime === undefined;
  if (!waiting) immutable(spec, before, 'spec', 'template', problems);
  for (const field of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy']) {
    if (sameData(spec[field], before[field])) continue;
    const shapes: Readonly<Record<string, GoStruct>> = { podFailurePolicy: failurePolicy, successPolicy };
    const [given, shape] = [part(spec, field), shapes[field]];
    const shown = given !== undefined && shape !== undefined ? goValue(given, shape) : (spec[field] ?? null);
    problems.invalid(`spec.${field}`, shown, immutableMessage);
  }
};

const ownLabels = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

/** A selector that the server makes takes in the pods of this job alone. */
function validateGeneratedSelector(job: Fields, spec: Fields, problems: Problems): void {
  if (spec.manualSelector === true) return;
  const metadata = part(job, 'metadata');
  const selector = part(spec, 'selector');
  if (selector === undefined) return;
  const [uid, name] = [text(metadata, 'uid') ?? '', text(metadata, 'name') ?? ''];
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels');
  for (const label of ownLabels) {
    const wanted = label.endsWith('uid') ? uid : name;
    const at = `spec.template.metadata.labels[${label}]`;
    if (labels?.[label] === undefined) problems.required(at, `must be '${wanted}'`);
    else if (labels[label] !== wanted) problems.invalid(at, labels, `must be '${wanted}'`);
  }
  const expected = Object.fromEntries(ownLabels.map((label) => [label, label.endsWith('uid') ? uid : name]));
  const isWellFormed = validateLabelSelector(selector, '', new Problems());
  if (isWellFormed && !matchesLabels(labelSelectorOf(selector) ?? [], expected))
    problems.invalid('spec.selector', selector, '`selector` not auto-generated');
}

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
  if (zone === '') problems.invalid('spec.timeZone', zone, 'timeZone must be nil or non-empty string');
  else if (zone !== undefined && !isTimeZone(zone))
    problems.invalid('spec.timeZone', zone, `unknown time zone ${zone}`);
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
