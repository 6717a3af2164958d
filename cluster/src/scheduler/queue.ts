import type { Clock } from '@berth/kube/client';
import { filters } from './filters/index.ts';
import type { ClusterChange, Filter, PodInfo } from './types.ts';

const firstBackoff = 1_000;
const longestBackoff = 10_000;
/** Nobody waits longer than this for a change that might help. */
const longestWait = 300_000;

interface Waiting {
  info: PodInfo;
  key: string;
  attempts: number;
  /** When its back-off is over. */
  ready: number;
  /** The rules that refused it: only what may change their answer lets it be tried again. */
  refusedBy: ReadonlySet<string>;
  /** Its victims are being told to go: it is not tried meanwhile, but remembers whether something changed. */
  held?: { changed: boolean };
}

const rules: ReadonlyMap<string, Filter> = new Map(filters.map((filter) => [filter.name, filter]));

/**
 * Pods that wait for a node: those to be tried now (higher priority first, then in the order they came), those that are tried after
 * their back-off (1 s, doubled to 10 s; sooner when nobody else is there), and those that fit nowhere, which are tried again when
 * something changes that may help.
 */
export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** By priority; within one, in the order they came. */
  readonly #active = new Map<number, Map<string, Waiting>>();
  readonly #parked = new Map<string, Waiting>();
  readonly #backingOff = new Map<string, Waiting>();
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
      const moves = present.info.priority !== info.priority && this.#active.get(present.info.priority)?.delete(key);
      present.info = info;
      if (moves) this.#activate(present);
      if (changed && this.#parked.has(key)) this.#release(present);
      return;
    }
    const entry = { info, key, attempts: 0, ready: 0, refusedBy: new Set<string>() };
    this.#entries.set(key, entry);
    this.#activate(entry);
  }

  remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#active.get(entry.info.priority)?.delete(key);
    this.#parked.delete(key);
    this.#backingOff.delete(key);
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
    return this.#takeEarly();
  }

  /** It fits nowhere: wait for a change that the rules which refused it care about; `held` until `unhold`. */
  park(key: string, refusedBy: ReadonlySet<string>, held = false): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#failed(entry);
    entry.refusedBy = refusedBy;
    if (held) entry.held = { changed: false };
    this.#parked.set(key, entry);
    const tired = this.#clock.after(longestWait, () => this.#activate(entry));
    this.#timers.set(key, tired);
  }

  /** Its victims were told; what happened meanwhile counts now. */
  unhold(key: string, tryAgain = false): void {
    const entry = this.#entries.get(key);
    if (!entry?.held) return;
    const { changed } = entry.held;
    delete entry.held;
    if (changed || tryAgain) this.#release(entry);
  }

  /** Something went wrong that a change of the cluster does not mend: try again after the back-off. */
  retry(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#failed(entry);
    this.#activateAt(entry);
  }

  /** A pod that waits is tried again, whatever it waits for. */
  activate(key: string): void {
    const entry = this.#parked.get(key);
    if (entry) this.#release(entry);
  }

  /** Something changed: those are tried again that it may help. */
  changed(change: ClusterChange): void {
    for (const entry of this.#parked.values()) if (mayHelp(change, entry)) this.#release(entry);
  }

  stop(): void {
    for (const key of [...this.#entries.keys()]) this.remove(key);
  }

  #failed(entry: Waiting): void {
    const backoff = Math.min(firstBackoff * 2 ** entry.attempts, longestBackoff);
    entry.attempts++;
    entry.ready = this.#clock.now() + backoff;
  }

  #release(entry: Waiting): void {
    if (entry.held) {
      entry.held.changed = true;
      return;
    }
    this.#parked.delete(entry.key);
    if (entry.ready <= this.#clock.now()) {
      this.#activate(entry);
      return;
    }
    this.#backingOff.set(entry.key, entry);
    this.#activateAt(entry);
    this.#wake();
  }

  #activateAt(entry: Waiting): void {
    this.#cancel(entry.key);
    const wait = Math.max(0, entry.ready - this.#clock.now());
    const cancel = this.#clock.after(wait, () => this.#activate(entry));
    this.#timers.set(entry.key, cancel);
  }

  /** Nobody else is to be tried: whoever waits only for its back-off need not. */
  #takeEarly(): { key: string; info: PodInfo } | undefined {
    let next: Waiting | undefined;
    for (const entry of this.#backingOff.values()) {
      if (!next || entry.info.priority > next.info.priority) next = entry;
    }
    if (!next) return undefined;
    this.#backingOff.delete(next.key);
    this.#cancel(next.key);
    return { key: next.key, info: next.info };
  }

  #activate(entry: Waiting): void {
    this.#cancel(entry.key);
    if (entry.held) {
      entry.held.changed = true;
      return;
    }
    this.#parked.delete(entry.key);
    this.#backingOff.delete(entry.key);
    const { priority } = entry.info;
    const peers = this.#active.get(priority) ?? new Map<string, Waiting>();
    this.#active.set(priority, peers.set(entry.key, entry));
    this.#wake();
  }

  #cancel(key: string): void {
    this.#timers.get(key)?.();
    this.#timers.delete(key);
  }
}

function mayHelp(change: ClusterChange, { refusedBy, info }: Waiting): boolean {
  // Nobody refused it: there were no nodes.
  if (refusedBy.size === 0) return change.what === 'nodeAdded';
  for (const name of refusedBy) if (rules.get(name)?.mayHelp?.(change, info) !== false) return true;
  return false;
}

/** Status updates of a pod that waits are ours (its condition) and help nothing. */
function specChanged(before: PodInfo, after: PodInfo): boolean {
  return (
    JSON.stringify(before.pod.spec) !== JSON.stringify(after.pod.spec) ||
    JSON.stringify(before.pod.metadata.labels) !== JSON.stringify(after.pod.metadata.labels)
  );
}
