import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../client/clock.ts';
import type { KubeClient } from '../client/types.ts';
import { isBerthError } from '../errors/index.ts';
import { type Event, type KubeObject, resources } from '../objects/index.ts';

export interface EventRecorder {
  /**
   * Never waits and never fails: an event that cannot be written is lost, and `onError` is told. `fieldPath`: the part of the object that it
   * is about, as `spec.containers{web}`.
   */
  record(about: KubeObject, severity: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void;
  /** Resolves when everything recorded up to now is written. */
  flush(): Promise<void>;
}

export interface RecorderOptions {
  client: Pick<KubeClient, 'create' | 'patch'>;
  /** `source.component`: `deployment-controller`, `default-scheduler`, `kubelet`. */
  component: string;
  /** `source.host`, for events of a node's agent. */
  host?: string;
  clock?: Clock;
  onError?(error: unknown): void;
}

/** client-go's `EventCorrelator`: similar events within this time, … */
const similarWindow = 600_000;
/** … after this many, become one combined event. */
const similarLimit = 10;
/** An object's events from one source: a burst, then one in five minutes. */
const spamBurst = 25;
const spamRefill = 300_000;
/** Objects and messages that are remembered. */
const memory = 4096;
/** Events that are being written at once. */
const mostPending = 1000;

/**
 * Records core/v1 events as client-go does: the same event again raises `count`, many that differ only in their
 * message are combined, and a flood about one object is cut.
 */
export function eventRecorder(options: RecorderOptions): EventRecorder {
  const { client, component, host } = options;
  const clock = options.clock ?? systemClock;
  const written = new Map<string, { name: string; namespace: string; count: number }>();
  const similar = new Map<string, { since: number; messages: Set<string> }>();
  const spam = new Map<string, { tokens: number; at: number }>();
  /** Events that are the same wait for each other; others are written side by side. */
  const chains = new Map<string, Promise<void>>();

  function allowed(key: string, now: number): boolean {
    const bucket = spam.get(key) ?? { tokens: spamBurst, at: now };
    // A clock that was put back takes nothing away.
    const tokens = Math.min(spamBurst, bucket.tokens + Math.max(0, now - bucket.at) / spamRefill);
    remember(spam, key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
    return tokens >= 1;
  }

  /** The message to write: the given one, or that of the combined event when there were many like it. */
  function combined(key: string, message: string, now: number): { message: string; isCombined: boolean } {
    let group = similar.get(key);
    if (!group || Math.abs(now - group.since) > similarWindow) group = { since: now, messages: new Set() };
    group.messages.add(message);
    remember(similar, key, group);
    if (group.messages.size < similarLimit) return { message, isCombined: false };
    return { message: `(combined from similar events): ${message}`, isCombined: true };
  }

  interface Told {
    about: KubeObject;
    fieldPath: string | undefined;
    type: string;
    reason: string;
    message: string;
    identity: string;
    at: number;
  }

  async function write({ about, fieldPath, type, reason, message, identity, at }: Told) {
    const involvedObject = { ...referenceTo(about), ...(fieldPath === undefined ? {} : { fieldPath }) };
    const timestamp = new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
    const present = written.get(identity);
    if (present) {
      const count = present.count + 1;
      try {
        await client.patch(resources.events, present, {
          type: 'merge',
          body: { count, message, lastTimestamp: timestamp },
        });
        remember(written, identity, { ...present, count });
        return;
      } catch (error) {
        // Events are deleted after an hour; this one begins anew.
        if (!isBerthError(error, 'NotFound')) throw error;
      }
    }
    const namespace = about.metadata.namespace ?? 'default';
    const name = `${about.metadata.name}.${randomBytes(8).toString('hex')}`;
    const event: Event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject,
      reason,
      message,
      type,
      count: 1,
      firstTimestamp: timestamp,
      lastTimestamp: timestamp,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
    await client.create(resources.events, event);
    remember(written, identity, { name, namespace, count: 1 });
  }

  return {
    record(about, severity, reason, message, fieldPath) {
      const now = clock.now();
      const object = JSON.stringify(referenceTo(about));
      if (!allowed(object, now)) return;
      const text = combined(`${object}${severity}${reason}`, message, now);
      const identity = JSON.stringify([object, fieldPath, severity, reason, text.isCombined ? '' : message]);
      const before = chains.get(identity);
      // Events are news, not a ledger: when they cannot be written as fast as they come, the later ones are lost.
      if (!before && chains.size >= mostPending) return;
      const chain = (before ?? Promise.resolve())
        .then(() => write({ about, fieldPath, type: severity, reason, message: text.message, identity, at: now }))
        .catch((error) => options.onError?.(error))
        .finally(() => {
          if (chains.get(identity) === chain) chains.delete(identity);
        });
      chains.set(identity, chain);
    },
    async flush() {
      await Promise.all(chains.values());
    },
  };
}

function referenceTo(about: KubeObject): Event['involvedObject'] {
  const { apiVersion, kind, metadata } = about;
  // Without the version: the next state is still the same object.
  const { namespace, name, uid } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
}

/** Sets as the newest, and forgets the oldest beyond `memory`. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= memory) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
