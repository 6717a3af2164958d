import { type CronJob, type Job, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { controllerReference, isNamespaceGoing } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { rfc3339In, zoneOf } from './zone.ts';

/** The name says the minute: the same start, decided on twice, makes one job. */
export function jobName({ metadata }: CronJob, time: number): string {
  return `${metadata.name}-${Math.floor(time / 60_000)}`;
}

export function jobFor(cron: CronJob, time: number): Job {
  const { jobTemplate, timeZone = '' } = cron.spec ?? {};
  const { labels, annotations } = jobTemplate?.metadata ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      ...keyOf(cron),
      name: jobName(cron, time),
      ...(labels ? { labels } : {}),
      annotations: {
        ...annotations,
        'batch.kubernetes.io/cronjob-scheduled-timestamp': rfc3339In(zoneOf(timeZone), time),
      },
      ownerReferences: [controllerReference(cron)],
    },
    ...(jobTemplate?.spec ? { spec: jobTemplate.spec } : {}),
  };
}

/** How the job has ended: `Complete` or `Failed`; undefined while it has not. */
export function endOf(job: Job): 'Complete' | 'Failed' | undefined {
  const end = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  );
  return end?.type as 'Complete' | 'Failed' | undefined;
}

export function createJob(cron: CronJob, time: number): Action[] {
  const object = jobFor(cron, time);
  return [
    {
      type: 'create',
      resource: resources.jobs,
      object,
      failed: (error) =>
        isNamespaceGoing(error) || error.code === 'AlreadyExists'
          ? []
          : [event(cron, 'FailedCreate', `Error creating job: ${error.message}`, 'Warning')],
    },
    event(cron, 'SuccessfulCreate', `Created job ${object.metadata.name}`),
  ];
}

export function deleteJob(cron: CronJob, job: Job): Action[] {
  return [
    {
      type: 'delete',
      resource: resources.jobs,
      key: keyOf(job),
      options: { propagationPolicy: 'Background' },
      failed: (error) => [event(cron, 'FailedDelete', `Deleted job: ${error.message}`, 'Warning')],
    },
    event(cron, 'SuccessfulDelete', `Deleted job ${job.metadata.name}`),
  ];
}

/** The oldest of those that ended so, beyond the limit. */
export function beyondHistory(jobs: readonly Job[], end: 'Complete' | 'Failed', limit: number | undefined): Job[] {
  if (limit === undefined) return [];
  const ended = jobs
    .filter((job) => endOf(job) === end && job.metadata.deletionTimestamp === undefined)
    .sort((a, b) => startOf(a) - startOf(b) || (a.metadata.name < b.metadata.name ? -1 : 1));
  return ended.slice(0, Math.max(0, ended.length - limit));
}

/** What never started is the newest. */
function startOf({ status }: Job): number {
  return Date.parse(status?.startTime ?? '') || Number.MAX_SAFE_INTEGER;
}

export function event(
  cron: CronJob,
  reason: string,
  message: string,
  severity: 'Normal' | 'Warning' = 'Normal',
): Action {
  return { type: 'event', about: cron, severity, reason, message };
}
