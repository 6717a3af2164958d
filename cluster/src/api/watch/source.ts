import type { KubeObject } from '@berth/kube/objects';
import type { Revision } from '../../store/index.ts';
import type { ServedKind } from '../kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { EventType, ResourceEvent } from '../storage/resource-event.ts';
import type { Selection } from '../storage/selection.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { Watcher } from './watcher.ts';

/** What one watcher is told. `event` is shared with the other watchers, for bytes that are made once. */
export interface WatchSink {
  event(type: EventType, object: StoredObject, event: ResourceEvent | undefined): void;
  bookmark(revision: Revision, initialEventsEnd: boolean): void;
  /** Nothing comes after it. Without an error: the watch ended in order. */
  end(error?: unknown): void;
  /** Whether it takes more. One that says no calls `resume` when it does again. */
  ready(): boolean;
}

export interface RunningWatch {
  /** The sink is told nothing any more. */
  stop(): void;
  /** The sink is ready again. */
  resume(): void;
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

/** A watch that has been accepted and waits for its sink. */
export class WatchSource {
  readonly plan: WatchPlan;
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage, plan: WatchPlan) {
    this.#storage = storage;
    this.plan = plan;
  }

  /** Begins to tell `sink`, some of it before this returns. */
  start(sink: WatchSink): RunningWatch {
    const watcher = new Watcher(this.#storage, this.plan, sink);
    watcher.start();
    return watcher;
  }
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
