import type { KubeObject } from '@berth/kube/objects';
import type { Revision } from '../../store/index.ts';
import { viewsOf } from '../conversion/conversion.ts';
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
    // Events wait for one another where a view of them has to be asked for.
    let asking: Promise<void> | undefined;
    const show = (views: readonly StoredObject[], then: (views: readonly StoredObject[]) => void) => {
      const ready = asking ? undefined : viewsOf(plan.kind, views);
      if (ready && !(ready instanceof Promise)) return then(ready);
      const turn = (asking ?? Promise.resolve())
        .then(async () => {
          const shown = await (ready ?? viewsOf(plan.kind, views));
          if (!stopped) then(shown);
        })
        .catch(finish)
        .finally(() => {
          if (asking === turn) asking = undefined;
        });
      asking = turn;
    };
    const deliver = (event: ResourceEvent) => {
      if (stopped || !event.object.key.startsWith(plan.prefix)) return;
      show(event.previous ? [event.object, event.previous] : [event.object], ([object, previous]) =>
        tell(plan.selection, { event, object: object as StoredObject, previous }, sink),
      );
    };

    const timer = setTimeout(finish, plan.timeoutMs);
    cleanups.push(() => clearTimeout(timer));
    if (plan.bookmarks) {
      const mark = () => {
        const { revision } = this.#storage;
        show([], () => sink.bookmark(revision, false));
      };
      const interval = setInterval(mark, bookmarkEveryMs);
      cleanups.push(() => clearInterval(interval));
    }

    if (plan.initial) {
      const { revision } = this.#storage;
      show(this.#storage.list(plan.prefix), (objects) => {
        for (const object of objects) if (plan.selection.matches(object)) sink.event('ADDED', object, undefined);
        if (plan.markInitialEnd) sink.bookmark(revision, true);
      });
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
function tell(selection: Selection, { event, object, previous }: Shown, sink: WatchSink): void {
  if (event.type === 'delete') {
    if (selection.matches(object)) sink.event('DELETED', object, event);
    return;
  }
  const matched = previous !== undefined && selection.matches(previous);
  if (selection.matches(object)) sink.event(matched ? 'MODIFIED' : 'ADDED', object, event);
  else if (matched)
    sink.event('DELETED', previous === event.previous ? event.departed : previous.at(event.revision), event);
}

/** An event with its objects in the version that is watched. */
interface Shown {
  event: ResourceEvent;
  object: StoredObject;
  previous: StoredObject | undefined;
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
