import type { KubeObject } from '@berth/kube/objects';
import type { Revision } from '../../store/index.ts';
import { viewOf } from '../conversion/conversion.ts';
import type { ServedKind } from '../kinds.ts';
import { prefixOfKey } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { type EventType, ResourceEvent } from '../storage/resource-event.ts';
import type { Selection } from '../storage/selection.ts';
import { StoredObject } from '../storage/stored-object.ts';

/** What one watcher is told. `event` is shared with the other watchers, for bytes that are made once. */
export interface WatchSink {
  event(type: EventType, object: StoredObject, event: ResourceEvent | undefined): void;
  bookmark(revision: Revision, initialEventsEnd: boolean): void;
  /** Nothing comes after it. Without an error: the watch ended in order. */
  end(error?: unknown): void;
}

export interface WatchPlan {
  kind: ServedKind;
  /** Of the keys: the resource's, or a namespace of it. */
  prefix: string;
  selection: Selection;
  /** Every event after it. */
  after: Revision;
  /** The present state first, as ADDED events. */
  initial: boolean;
  /** A bookmark that says where the initial events end. */
  markInitialEnd: boolean;
  bookmarks: boolean;
  timeoutMs: number;
}

const bookmarkEveryMs = 60_000;

/** A watch that has been accepted and waits for its sink. */
export class WatchSource {
  readonly plan: WatchPlan;
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage, plan: WatchPlan) {
    this.#storage = storage;
    this.plan = plan;
  }

  /** Begins to tell `sink`; answers how to stop, after which the sink is told nothing any more. */
  start(sink: WatchSink): () => void {
    const { plan } = this;
    const resource = prefixOfKey(plan.prefix);
    let stopped = false;
    const cleanups: (() => void)[] = [];
    const stop = () => {
      stopped = true;
      for (const cleanup of cleanups.splice(0)) cleanup();
    };
    const finish = (error?: unknown) => {
      if (stopped) return;
      stop();
      sink.end(error);
    };
    const deliver = (event: ResourceEvent) => {
      if (!stopped && event.object.key.startsWith(plan.prefix)) tell(plan, event, sink);
    };

    const timer = setTimeout(finish, plan.timeoutMs);
    cleanups.push(() => clearTimeout(timer));
    if (plan.bookmarks) {
      const interval = setInterval(() => sink.bookmark(this.#storage.revision, false), bookmarkEveryMs);
      cleanups.push(() => clearInterval(interval));
    }

    if (plan.initial) {
      for (const object of this.#storage.list(plan.prefix)) {
        if (plan.selection.matches(object)) sink.event('ADDED', viewOf(plan.kind, object), undefined);
      }
      if (plan.markInitialEnd) sink.bookmark(this.#storage.revision, true);
      cleanups.push(this.#storage.listen(resource, deliver));
      return stop;
    }
    const missed = this.#storage.since(resource, plan.after);
    if (missed) {
      for (const event of missed) deliver(event);
      cleanups.push(this.#storage.listen(resource, deliver));
      return stop;
    }
    this.#fromHistory(deliver, cleanups).then(() => finish(), finish);
    return stop;
  }

  /** A watch from so far back that only the store knows: it stays on the store's own watch. */
  async #fromHistory(deliver: (event: ResourceEvent) => void, cleanups: (() => void)[]): Promise<void> {
    const watch = this.#storage.store.watch({ prefix: this.plan.prefix, after: this.plan.after });
    cleanups.push(() => watch.close());
    for await (const batch of watch.events) {
      for (const event of batch) {
        const object = new StoredObject(event.key, event.value, event.revision);
        const previous = event.previous && new StoredObject(event.key, event.previous.value, event.previous.revision);
        deliver(
          event.type === 'put'
            ? new ResourceEvent('put', object, previous)
            : new ResourceEvent('delete', object.at(event.revision), previous ?? object),
        );
      }
    }
  }
}

/** An object that enters the selection arrives as ADDED, one that leaves it as DELETED with its last selected state. */
function tell({ selection, kind }: WatchPlan, event: ResourceEvent, sink: WatchSink): void {
  if (event.type === 'delete') {
    if (selection.matches(event.object)) sink.event('DELETED', viewOf(kind, event.object), event);
    return;
  }
  const matched = event.previous !== undefined && selection.matches(event.previous);
  if (selection.matches(event.object)) sink.event(matched ? 'MODIFIED' : 'ADDED', viewOf(kind, event.object), event);
  else if (matched) sink.event('DELETED', viewOf(kind, event.departed), event);
}

/** The object of a BOOKMARK event: its kind and version, and where the initial events end. */
export function bookmarkObject(kind: ServedKind, revision: Revision, initialEventsEnd: boolean): KubeObject {
  const { group, version, kind: name } = kind.description;
  const metadata: Record<string, unknown> = { resourceVersion: String(revision), creationTimestamp: null };
  if (initialEventsEnd) metadata.annotations = { 'k8s.io/initial-events-end': 'true' };
  return {
    kind: name,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: metadata as unknown as KubeObject['metadata'],
  };
}
