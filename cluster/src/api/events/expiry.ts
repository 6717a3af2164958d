import type { KubeObject } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** How long an event is kept after it was last seen. */
const eventLifeMs = 60 * 60_000;
const sweepEveryMs = 60_000;
const deletedAtOnce = 500;
const events = resourcePrefix('', 'events');

/** Removes old events every minute; what fails is logged and tried again. Answers how to stop. */
export function startEventExpiry(
  storage: ObjectStorage,
  { now, logger }: { now: () => Date; logger: Logger },
): () => void {
  const sweep = () => {
    expireEvents(storage, now()).catch((error) => logger.warn({ err: error }, 'old events could not be removed'));
  };
  const timer = setInterval(sweep, sweepEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Deletes the events that were last seen more than an hour before `now`. */
export async function expireEvents(storage: ObjectStorage, now: Date): Promise<void> {
  const old = storage.list(events).filter(({ object }) => now.getTime() - lastSeen(object) > eventLifeMs);
  for (let from = 0; from < old.length; from += deletedAtOnce) {
    await storage.commit(old.slice(from, from + deletedAtOnce).map(({ key }) => ({ type: 'delete', key })));
  }
}

function lastSeen(event: KubeObject): number {
  const { series, lastTimestamp, eventTime, metadata } = event as KubeObject & {
    series?: { lastObservedTime?: string };
    lastTimestamp?: string;
    eventTime?: string;
  };
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  return Math.max(...times.map((time) => (time ? Date.parse(time) : 0)));
}
