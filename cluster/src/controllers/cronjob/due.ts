import type { CronJob } from '@berth/kube/objects';
import type { Schedule } from './schedule.ts';

const second = 1000;
/** After a start is looked for so much later, in milliseconds: clocks differ a little. */
const padding = 100;
/** So many missed times mean a clock that jumped or a long absence. */
const tooMany = 100;

interface Due {
  /** Where the search began. */
  earliest: number;
  /** The latest time that has come. */
  time?: number;
  missed: 'none' | 'few' | 'many';
  problem?: string;
}

/**
 * The latest time that has come since the last start, and roughly how many were missed: by the distance of the first two, as Kubernetes counts
 * them. Times in milliseconds since the epoch.
 */
export function due(cron: CronJob, schedule: Schedule, now: number, withDeadline: boolean): Due {
  const { startingDeadlineSeconds } = cron.spec ?? {};
  let earliest = Date.parse(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp ?? '') || 0;
  if (withDeadline && startingDeadlineSeconds !== undefined) {
    earliest = Math.max(earliest, now - startingDeadlineSeconds * second);
  }
  const first = schedule.next(earliest);
  const other = first === undefined ? undefined : schedule.next(first);
  if (first !== undefined && now < first) return { earliest, missed: 'none' };
  if (first !== undefined && other !== undefined && now < other) return { earliest, time: first, missed: 'none' };
  if (first === undefined || other === undefined || other - first < second) {
    return { earliest, missed: 'none', problem: 'time difference between two schedules is less than 1 second' };
  }
  const missed = Math.trunc((now - first) / (other - first)) + 1;
  let time: number | undefined;
  // One distance further back than it need be: schedules may be uneven.
  let next = schedule.next(first + (missed - 2) * (other - first));
  while (next !== undefined && next <= now) {
    time = next;
    next = schedule.next(next);
  }
  return { earliest, ...(time === undefined ? {} : { time }), missed: missed > tooMany ? 'many' : 'few' };
}

/** Milliseconds until the cron job is to be looked at again. */
export function untilNext(cron: CronJob, schedule: Schedule, now: number): number | undefined {
  const { earliest, time, missed, problem } = due(cron, schedule, now, false);
  const from = problem !== undefined ? now : (time ?? (missed === 'none' ? earliest : now));
  const next = schedule.next(from);
  return next === undefined ? undefined : next + padding - now;
}
