import type { Revision } from '../../store/index.ts';
import type { ServedKind } from '../kinds.ts';
import type { EventType, ResourceEvent } from '../storage/resource-event.ts';
import type { Selection } from '../storage/selection.ts';
import type { StoredObject } from '../storage/stored-object.ts';

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
