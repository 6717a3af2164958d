import { isBerthError } from '@berth/kube/errors';
import { type CronJob, controllerOf, type Job, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { rfc3339 } from '../conditions.ts';
import { keyOf, statusActions } from '../status.ts';
import { due, untilNext } from './due.ts';
import { beyondHistory, createJob, deleteJob, endOf, event, jobName } from './jobs.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { zoneOf } from './zone.ts';

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

type Reference = NonNullable<NonNullable<CronJob['status']>['active']>[number];

interface Progress {
  actions: Action[];
  active: Reference[];
  lastScheduleTime?: string | undefined;
  lastSuccessfulTime?: string | undefined;
}

function reconcile(cron: CronJob, view: View, now: number): Outcome {
  const { spec, status = {}, metadata } = cron;
  if (!spec) return { actions: [] };
  const jobs = view.controlledBy(resources.jobs, metadata.uid ?? '');
  const { lastScheduleTime, lastSuccessfulTime } = status;
  const progress: Progress = { actions: [], active: [...(status.active ?? [])], lastScheduleTime, lastSuccessfulTime };
  for (const [end, limit] of [
    ['Complete', spec.successfulJobsHistoryLimit],
    ['Failed', spec.failedJobsHistoryLimit],
  ] as const) {
    for (const job of beyondHistory(jobs, end, limit)) remove(progress, cron, job);
  }
  follow(progress, cron, jobs);
  const requeueAfter = metadata.deletionTimestamp === undefined ? start(progress, cron, view, now) : undefined;
  const actions = [
    ...progress.actions,
    ...statusActions(resources.cronJobs, cron, {
      ...(progress.active.length > 0 ? { active: progress.active } : {}),
      ...(progress.lastScheduleTime === undefined ? {} : { lastScheduleTime: progress.lastScheduleTime }),
      ...(progress.lastSuccessfulTime === undefined ? {} : { lastSuccessfulTime: progress.lastSuccessfulTime }),
    }),
  ];
  return requeueAfter === undefined ? { actions } : { actions, requeueAfter };
}

/** What became of the jobs: the list of those that run, and when one last succeeded. */
function follow(progress: Progress, cron: CronJob, jobs: readonly Job[]): void {
  const { lastScheduleTime } = cron.status ?? {};
  const newest = lastScheduleTime === undefined ? undefined : jobName(cron, Date.parse(lastScheduleTime));
  for (const job of jobs) {
    const { uid, name } = job.metadata;
    const end = endOf(job);
    // Just made: its uid is known only now.
    const isNew = name === newest && !cron.status?.active?.some((each) => each.uid === uid);
    const isListed = isNew || progress.active.some((each) => each.uid === uid);
    if (end === undefined && isNew) progress.active.push(referenceTo(job));
    else if (end === undefined && !isListed) {
      const message = `Saw a job that the controller did not create or forgot: ${name}`;
      progress.actions.push(event(cron, 'UnexpectedJob', message, 'Warning'));
    } else if (end !== undefined) {
      if (progress.active.some((each) => each.uid === uid)) {
        progress.active = progress.active.filter((each) => each.uid !== uid);
        progress.actions.push(event(cron, 'SawCompletedJob', `Saw completed job: ${name}, condition: ${end}`));
      }
      const { completionTime } = job.status ?? {};
      const isLater = Date.parse(completionTime ?? '') > (Date.parse(progress.lastSuccessfulTime ?? '') || 0);
      if (end === 'Complete' && isLater) progress.lastSuccessfulTime = completionTime;
    }
  }
  const present = new Set(jobs.map(({ metadata }) => metadata.uid));
  for (const { uid = '', name = '', namespace = '' } of progress.active.filter((each) => !present.has(each.uid))) {
    progress.actions.push(
      { type: 'absent', resource: resources.jobs, key: { namespace, name }, uid },
      event(cron, 'MissingJob', `Active job went missing: ${name}`),
    );
    progress.active = progress.active.filter((each) => each.uid !== uid);
  }
}

/** Starts the job that is due. Answers after how many milliseconds to look again. */
function start(progress: Progress, cron: CronJob, view: View, now: number): number | undefined {
  const schedule = scheduleOf(progress, cron);
  if (!schedule) return undefined;
  const { time, missed, problem } = due(cron, schedule, now, true);
  const { schedule: text, startingDeadlineSeconds, concurrencyPolicy } = cron.spec ?? {};
  if (problem !== undefined) {
    progress.actions.push(event(cron, 'InvalidSchedule', `invalid schedule: ${text} : ${problem}`, 'Warning'));
    return undefined;
  }
  const wait = untilNext(cron, schedule, now);
  if (time === undefined) return wait;
  if (missed === 'many') {
    const message = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';
    progress.actions.push(event(cron, 'TooManyMissedTimes', message, 'Warning'));
  }
  if (startingDeadlineSeconds !== undefined && time + startingDeadlineSeconds * 1000 < now) {
    const when = new Date(time).toUTCString().replace('GMT', '+0000');
    progress.actions.push(event(cron, 'MissSchedule', `Missed scheduled time to start a job: ${when}`, 'Warning'));
    return wait;
  }
  const name = jobName(cron, time);
  const scheduledTime = rfc3339(time);
  if (progress.active.some((each) => each.name === name) || cron.status?.lastScheduleTime === scheduledTime)
    return wait;
  if (concurrencyPolicy === 'Forbid' && progress.active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    progress.actions.push(event(cron, 'JobAlreadyActive', message));
    return wait;
  }
  if (concurrencyPolicy === 'Replace') {
    for (const { name: running = '', uid } of progress.active) {
      const job = view.get(resources.jobs, { ...keyOf(cron), name: running });
      if (job && job.metadata.uid === uid) remove(progress, cron, job);
    }
  }
  const present = view.get(resources.jobs, { ...keyOf(cron), name });
  // Somebody else's job has the name: it is left to them.
  if (present && controllerOf(present)?.uid !== cron.metadata.uid) return wait;
  if (!present) progress.actions.push(...createJob(cron, time));
  progress.lastScheduleTime = scheduledTime;
  return untilNext({ ...cron, status: { ...cron.status, lastScheduleTime: scheduledTime } }, schedule, now);
}

function remove(progress: Progress, cron: CronJob, job: Job): void {
  progress.actions.push(...deleteJob(cron, job));
  progress.active = progress.active.filter(({ uid }) => uid !== job.metadata.uid);
}

function scheduleOf(progress: Progress, cron: CronJob): Schedule | undefined {
  const { schedule = '', timeZone, suspend } = cron.spec ?? {};
  try {
    if (timeZone !== undefined) zoneOf(timeZone);
  } catch (error) {
    if (!isBerthError(error)) throw error;
    const message = `invalid timeZone: ${JSON.stringify(timeZone)}: ${error.message}`;
    progress.actions.push(event(cron, 'UnknownTimeZone', message, 'Warning'));
    return undefined;
  }
  if (suspend) return undefined;
  if (schedule.includes('TZ')) {
    const message = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
    progress.actions.push(event(cron, 'UnsupportedSchedule', message, 'Warning'));
  }
  try {
    return parseSchedule(schedule, timeZone);
  } catch (error) {
    if (!isBerthError(error)) throw error;
    const message = `unparseable schedule: ${JSON.stringify(schedule)} : ${error.message}`;
    progress.actions.push(event(cron, 'UnparseableSchedule', message, 'Warning'));
    return undefined;
  }
}

function referenceTo({ apiVersion, kind, metadata }: Job): Reference {
  const { name, namespace = '', uid = '', resourceVersion } = metadata;
  return { apiVersion, kind, name, namespace, uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
}
