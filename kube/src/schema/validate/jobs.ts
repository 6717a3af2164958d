import { sameData } from '../../patch/index.ts';
import { labelSelectorOf, matchesLabels } from '../../selectors/index.ts';
import { type Fields, part, text } from '../fields.ts';
import { type GoStruct, goValue, listOf, pointerTo } from './go-value.ts';
import { validateJobPolicies } from './job-policies.ts';
import { dnsLabel, immutableMessage } from './names.ts';
import { validatePodTemplate } from './pod.ts';
import { Problems } from './problems.ts';
import { validateLabelSelector } from './selector.ts';
import { immutable, nonNegative } from './workloads.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

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
