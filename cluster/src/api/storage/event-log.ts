import type { Revision } from '../../store/index.ts';
import type { ResourceEvent } from './resource-event.ts';

/**
 * The newest events of all resources. A watcher is a place in this log and reads on at its own pace, so that one that is
 * slow holds nothing of its own; what the log no longer has, the store's history has.
 */
export class EventLog {
  #events: ResourceEvent[] = [];
  #byResource = new Map<string, ResourceEvent[]>();
  /** By resource, the revision of the newest event that was forgotten. */
  readonly #forgotten = new Map<string, Revision>();
  #bytes = 0;
  readonly #began: Revision;
  readonly #most: { events: number; bytes: number };

  /** `began`: of the state that the first event will change. `most`: events that are kept, and the bytes of their objects. */
  constructor(began: Revision, most: { events: number; bytes: number }) {
    this.#began = began;
    this.#most = most;
  }

  /** Every event of this resource after this revision is here, however much was forgotten of others. */
  from(resource: string): Revision {
    return this.#forgotten.get(resource) ?? this.#began;
  }

  /** The next event of a resource, named by its prefix. */
  add(resource: string, event: ResourceEvent): void {
    this.#events.push(event);
    this.#bytes += event.object.size;
    const own = this.#byResource.get(resource);
    if (own === undefined) this.#byResource.set(resource, [event]);
    else own.push(event);
  }

  /** Forgets the oldest events when there are too many; to be called between commits. */
  trim(): void {
    const most = this.#most;
    if (this.#events.length <= most.events && this.#bytes <= most.bytes) return;
    // Down to three quarters at once: one by one from the front of an array costs its whole length each time.
    let dropped = 0;
    while (this.#events.length - dropped > most.events * 0.75 || this.#bytes > most.bytes * 0.75) {
      this.#bytes -= (this.#events[dropped++] as ResourceEvent).object.size;
    }
    const through = this.#events[dropped - 1]?.revision ?? this.#began;
    this.#events = this.#events.slice(dropped);
    for (const [resource, own] of this.#byResource) {
      const first = firstAfter(own, through);
      const newest = own[first - 1];
      if (newest === undefined) continue;
      this.#forgotten.set(resource, newest.revision);
      const kept = own.slice(first);
      if (kept.length === 0) this.#byResource.delete(resource);
      else this.#byResource.set(resource, kept);
    }
  }

  /** The events of a resource in order, and the place of the first one after `revision`. Not to be kept. */
  after(resource: string, revision: Revision): { events: readonly ResourceEvent[]; first: number } {
    const events = this.#byResource.get(resource) ?? [];
    return { events, first: firstAfter(events, revision) };
  }
}

function firstAfter(events: readonly ResourceEvent[], revision: Revision): number {
  const last = events.at(-1);
  if (last === undefined || last.revision <= revision) return events.length;
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle] as ResourceEvent).revision <= revision) low = middle + 1;
    else high = middle;
  }
  return low;
}
