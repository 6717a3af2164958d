import type { Event, KubeObject } from '@berth/kube/objects';
import { conditionsOf, type Level } from './health.ts';

export interface Moment {
  id: string;
  /** RFC 3339; absent for a condition that says no time. */
  time?: string | undefined;
  source: 'condition' | 'event';
  level: Level;
  title: string;
  /** For a condition: its status. */
  detail?: string;
  message?: string | undefined;
  count: number;
}

/** Conditions whose True is bad news; for all others it is good news. */
const adverse = /Pressure$|Unavailable$|^(Failed|FailureTarget|ReplicaFailure|Dangling|NamesConflict)|Failure$/;

/** Conditions and events as one history, the latest first. */
export function momentsOf(object: KubeObject, events: readonly Event[]): Moment[] {
  const conditions = conditionsOf(object).map((condition): Moment => {
    const good = adverse.test(condition.type) ? condition.status === 'False' : condition.status === 'True';
    const level: Level = condition.status === 'Unknown' ? 'unknown' : good ? 'ok' : 'degraded';
    return {
      id: `condition ${condition.type}`,
      time: condition.lastTransitionTime,
      source: 'condition',
      level,
      title: condition.type,
      detail: condition.reason === undefined ? condition.status : `${condition.status} · ${condition.reason}`,
      message: condition.message,
      count: 1,
    };
  });
  const happened = events.map(
    (event): Moment => ({
      id: event.metadata.uid ?? event.metadata.name,
      time: timeOf(event),
      source: 'event',
      level: event.type === 'Warning' ? 'degraded' : 'ok',
      title: event.reason ?? '',
      message: event.message,
      count: event.series?.count ?? event.count ?? 1,
    }),
  );
  return [...conditions, ...happened].sort((one, other) => millis(other.time) - millis(one.time));
}

/** When an event last happened; the three generations of the API say it in different fields. */
export function timeOf(event: Event): string | undefined {
  return (
    event.series?.lastObservedTime ??
    event.lastTimestamp ??
    event.eventTime ??
    event.firstTimestamp ??
    event.metadata.creationTimestamp
  );
}

/** Whether an event is about this object (this incarnation of it, where the event says which). */
export function isAbout(event: Event, object: KubeObject): boolean {
  const about = event.involvedObject;
  if (about.uid !== undefined && about.uid !== '') return about.uid === object.metadata.uid;
  return about.kind === object.kind && about.name === object.metadata.name;
}

function millis(time: string | undefined): number {
  return time === undefined ? 0 : new Date(time).getTime();
}
