import type { Revision } from '../../store/index.ts';
import type { ResourceEvent } from './resource-event.ts';

/**
 * The newest events of all resources. A watcher is a place in this log and reads on at its own pace, so that one that is
 * slow holds nothing of its own; what the log no longer has, the store's history has.
 */
export class EventLog {
  #events: ResourceEvent[] = [];
  #byResource = new Map<string, ResourceEvent[]>();
  #bytes = 0;
  #from: Revision;
  readonly #most: { events: number; bytes: number };

  /** `from`: of the state that the first event will change. `most`: events that are kept, and the bytes of their objects. */
  constructor(from: Revision, most: { events: number; bytes: number }) {
    this.#from = from;
    this.#most = most;
  }

  /** Every event after this revision is here. */
  get from(): Revision {
    return this.#from;
  }

  /** The next event of a resource, named by its prefix. */
  add(resource: string, event: ResourceEvent): void {
    this.#events.push(event);
    this.#bytes += event.object.bytes.length;
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
      this.#bytes -= (this.#events[dropped++] as ResourceEvent).object.bytes.length;
    }
    this.#from = this.#events[dropped - 1]?.revision ?? this.#from;
    this.#events = this.#events.slice(dropped);
    for (const [resource, own] of this.#byResource) {
      const kept = own.slice(firstAfter(own, this.#from));
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
