import { isBerthError } from '@berth/kube/errors';
import { type CronJob, controllerOf, type Job, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { rfc3339 } from '../conditions.ts';
import { controllerReference } from '../pods/index.ts';
import { keyOf, statusActions } from '../status.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

/** Makes jobs at set times. Source: "CronJob" of the Kubernetes documentation. */
export const cronJobController: Reconciler<CronJob> = {
  name: 'cronjob-controller',
  resource: resources.cronJobs,
  watches: [
    {
      resource: resources.jobs,
      concerns(job) {
        const owner = controllerOf(job);
        return owner?.kind === 'CronJob' ? [{ namespace: job.metadata.namespace ?? '', name: owner.name }] : [];
      },
    },
  ],
  reconcile,
};

/** So many missed times mean a clock that jumped or a long absence: nobody wants them made up for. */
const tooMany = 100;

function reconcile(cron: CronJob, view: View, now: number): Outcome {
  const { spec, status = {} } = cron;
  if (!spec) return { actions: [] };
  const jobs = view.controlledBy(resources.jobs, cron.metadata.uid ?? '');
  const running = jobs.filter((job) => !endOf(job));
  const known = new Set((status.active ?? []).map(({ uid }) => uid));
  const actions: Action[] = jobs
    .filter((job) => endOf(job) && known.has(job.metadata.uid))
    .map((job) =>
      event(cron, 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${endOf(job)?.type}`),
    );
  actions.push(...trim(jobs, 'Complete', spec.successfulJobsHistoryLimit ?? 3));
  actions.push(...trim(jobs, 'Failed', spec.failedJobsHistoryLimit ?? 1));

  let lastScheduleTime = status.lastScheduleTime;
  let active: Job[] = [...running];
  let wakeUp: number | undefined;
  if (!spec.suspend && cron.metadata.deletionTimestamp === undefined) {
    const schedule = scheduleOf(cron);
    if ('problem' in schedule) return { actions: [...actions, schedule.problem] };
    const due = lastDue(cron, schedule, now);
    const next = schedule.next(now);
    wakeUp = next === undefined ? undefined : next - now + 100;
    if (due.missed > tooMany) {
      const message = `too many missed start times: ${due.missed}. Set or decrease .spec.startingDeadlineSeconds or check clock skew`;
      actions.push(event(cron, 'TooManyMissedTimes', message, 'Warning'));
    }
    if (due.time !== undefined) {
      const made = start(cron, due.time, running, view);
      actions.push(...made.actions);
      if (made.job) lastScheduleTime = rfc3339(due.time);
      if (made.job && spec.concurrencyPolicy === 'Replace') active = [];
    }
  }
  const successes = jobs.flatMap((job) => (endOf(job)?.type === 'Complete' ? [job.status?.completionTime ?? ''] : []));
  const lastSuccessfulTime = [...successes, status.lastSuccessfulTime ?? ''].sort().at(-1);
  actions.push(
    ...statusActions(resources.cronJobs, cron, {
      ...(active.length > 0 ? { active: active.map(referenceTo) } : {}),
      ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
      ...(lastSuccessfulTime ? { lastSuccessfulTime } : {}),
    }),
  );
  return wakeUp === undefined ? { actions } : { actions, requeueAfter: wakeUp };
}

function scheduleOf(cron: CronJob): Schedule | { problem: Action } {
  try {
    return parseSchedule(cron.spec?.schedule ?? '', cron.spec?.timeZone);
  } catch (error) {
    if (!isBerthError(error)) throw error;
    return { problem: event(cron, 'UnparseableSchedule', error.message, 'Warning') };
  }
}

/** The latest time that has come and was not acted on, and how many were passed over. */
function lastDue(cron: CronJob, schedule: Schedule, now: number): { time: number | undefined; missed: number } {
  const { startingDeadlineSeconds } = cron.spec ?? {};
  let from = Date.parse(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp ?? '');
  if (startingDeadlineSeconds !== undefined) from = Math.max(from, now - startingDeadlineSeconds * 1000);
  let time: number | undefined;
  let missed = 0;
  for (let next = schedule.next(from); next !== undefined && next <= now; next = schedule.next(next)) {
    time = next;
    missed++;
    // Far behind: from the last day on is enough to find the latest.
    if (missed === tooMany + 1 && next < now - 86_400_000) next = now - 86_400_000;
  }
  return { time, missed };
}

function start(cron: CronJob, time: number, running: readonly Job[], view: View): { actions: Action[]; job: boolean } {
  const { spec, metadata } = cron;
  const name = `${metadata.name.slice(0, 52)}-${Math.floor(time / 60_000)}`;
  if (view.get(resources.jobs, { ...keyOf(cron), name })) return { actions: [], job: true };
  if (spec?.concurrencyPolicy === 'Forbid' && running.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { actions: [event(cron, 'JobAlreadyActive', message)], job: false };
  }
  const replaced = spec?.concurrencyPolicy === 'Replace' ? running : [];
  const template = spec?.jobTemplate;
  const object: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...keyOf(cron),
      name,
      ...(template?.metadata?.labels ? { labels: template.metadata.labels } : {}),
      annotations: {
        ...template?.metadata?.annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': rfc3339(time),
      },
      ownerReferences: [controllerReference(cron)],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  };
  return {
    job: true,
    actions: [
      ...replaced.flatMap((job): Action[] => [
        { type: 'delete', resource: resources.jobs, key: keyOf(job), options: { propagationPolicy: 'Background' } },
        event(cron, 'SuccessfulDelete', `Deleted job ${job.metadata.name}`),
      ]),
      {
        type: 'create',
        resource: resources.jobs,
        object,
        failed: (error) => [event(cron, 'FailedCreate', `Error creating job: ${error.message}`, 'Warning')],
      },
      event(cron, 'SuccessfulCreate', `Created job ${name}`),
    ],
  };
}

function endOf(job: Job) {
  return job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
}

/** The oldest of those that ended so, beyond the limit. */
function trim(jobs: readonly Job[], end: string, limit: number): Action[] {
  const ended = jobs
    .filter((job) => endOf(job)?.type === end && job.metadata.deletionTimestamp === undefined)
    .sort((a, b) => ((a.status?.startTime ?? '') < (b.status?.startTime ?? '') ? -1 : 1));
  return ended.slice(0, Math.max(0, ended.length - limit)).map(
    (job): Action => ({
      type: 'delete',
      resource: resources.jobs,
      key: keyOf(job),
      options: { propagationPolicy: 'Background' },
    }),
  );
}

function referenceTo({ apiVersion, kind, metadata }: Job) {
  // Without the version, or every change of the job would be one of the cron job.
  const { name, namespace = '', uid = '' } = metadata;
  return { apiVersion, kind, name, namespace, uid };
}

function event(cron: CronJob, reason: string, message: string, severity: 'Normal' | 'Warning' = 'Normal'): Action {
  return { type: 'event', about: cron, severity, reason, message };
}
