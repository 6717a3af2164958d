import type { Clock } from '@berth/kube/client';
import type { PodInfo } from './types.ts';

const firstBackoff = 1_000;
const longestBackoff = 10_000;
/** Nobody waits longer than this for a change that might help. */
const longestWait = 300_000;

interface Waiting {
  info: PodInfo;
  key: string;
  priority: number;
  attempts: number;
  /** When its back-off is over. */
  ready: number;
}

/**
 * Pods that wait for a node: those to be tried now (higher priority first, then in the order they came), and those that fit
 * nowhere, which are tried again when something changes, but each not before its back-off is over (1 s, doubled to 10 s).
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** By priority; within one, in the order they came. */
  readonly #active = new Map<number, Map<string, Waiting>>();
  readonly #parked = new Map<string, Waiting>();
  readonly #timers = new Map<string, () => void>();
  readonly #entries = new Map<string, Waiting>();

  /** `wake` is called whenever there may be a pod to try. */
  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** A pod to try, or the newer state of one that waits: a change of it may be what helps. */
  add(key: string, info: PodInfo): void {
    const present = this.#entries.get(key);
    if (present) {
      const changed = present.info.pod.spec !== info.pod.spec && specChanged(present.info, info);
      present.info = info;
      if (changed && this.#parked.has(key)) this.#activateWhenReady(present);
      return;
    }
    const entry = { info, key, priority: info.pod.spec?.priority ?? 0, attempts: 0, ready: 0 };
    this.#entries.set(key, entry);
    this.#activate(entry);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#active.get(entry.priority)?.delete(key);
    this.#parked.delete(key);
    this.#cancel(key);
  }

  /** The next pod to try; it stays known until it is parked, retried or removed. */
  take(): { key: string; info: PodInfo } | undefined {
    let first: Map<string, Waiting> | undefined;
    let highest = Number.NEGATIVE_INFINITY;
    for (const [priority, entries] of this.#active) {
      if (entries.size === 0) this.#active.delete(priority);
      else if (priority > highest) {
        highest = priority;
        first = entries;
      }
    }
    for (const [key, entry] of first ?? []) {
      first?.delete(key);
      return { key, info: entry.info };
    }
    return undefined;
  }

  /** It fits nowhere: wait for a change. */
  park(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#failed(entry);
    this.#parked.set(key, entry);
    this.#timers.set(
      key,
      this.#clock.after(longestWait, () => this.#activate(entry)),
    );
  }

  /** Something went wrong that a change of the cluster does not mend: try again after the back-off. */
  retry(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#failed(entry);
    this.#parked.set(key, entry);
    this.#activateWhenReady(entry);
  }

  /** Something changed that may make room. */
  changed(): void {
    for (const entry of this.#parked.values()) this.#activateWhenReady(entry);
  }

  stop(): void {
    for (const key of [...this.#entries.keys()]) this.remove(key);
  }

  #failed(entry: Waiting): void {
    const backoff = Math.min(firstBackoff * 2 ** entry.attempts, longestBackoff);
    entry.attempts++;
    entry.ready = this.#clock.now() + backoff;
  }

  #activateWhenReady(entry: Waiting): void {
    const wait = entry.ready - this.#clock.now();
    if (wait <= 0) {
      this.#activate(entry);
      return;
    }
    this.#cancel(entry.key);
    this.#timers.set(
      entry.key,
      this.#clock.after(wait, () => this.#activate(entry)),
    );
  }

  #activate(entry: Waiting): void {
    this.#cancel(entry.key);
    this.#parked.delete(entry.key);
    const peers = this.#active.get(entry.priority) ?? new Map<string, Waiting>();
    this.#active.set(entry.priority, peers.set(entry.key, entry));
    this.#wake();
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}

/** Status updates of a pod that waits are ours (its condition) and help nothing. */
function specChanged(before: PodInfo, after: PodInfo): boolean {
  return (
    JSON.stringify(before.pod.spec) !== JSON.stringify(after.pod.spec) ||
    JSON.stringify(before.pod.metadata.labels) !== JSON.stringify(after.pod.metadata.labels)
  );
}
