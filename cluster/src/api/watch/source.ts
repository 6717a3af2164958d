import type { KubeObject } from '@berth/kube/objects';
import type { Revision } from '../../store/index.ts';
import type { ServedKind } from '../kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { RunningWatch, WatchPlan, WatchSink } from './types.ts';
import { Watcher } from './watcher.ts';

export type { RunningWatch, WatchPlan, WatchSink } from './types.ts';

/** A watch that has been accepted and waits for its sink. */
export class WatchSource {
  readonly plan: WatchPlan;
  readonly #storage: ObjectStorage;
  readonly #refusal: unknown;

  /** `refusal`: why nothing can be told, which is then told instead. */
  constructor(storage: ObjectStorage, plan: WatchPlan, refusal?: unknown) {
    this.#storage = storage;
    this.plan = plan;
    this.#refusal = refusal;
  }

  /** Begins to tell `sink`, some of it before this returns. */
  start(sink: WatchSink): RunningWatch {
    if (this.#refusal !== undefined) {
      sink.end(this.#refusal);
      return { stop() {}, resume() {} };
    }
    const watcher = new Watcher(this.#storage, this.plan, sink);
    watcher.start();
    return watcher;
  }
}

/** The object of a BOOKMARK event: its kind and version, and where the initial events end. */
export function bookmarkObject(kind: ServedKind, revision: Revision, initialEventsEnd: boolean): KubeObject {
  const { group, version, kind: name } = kind.description;
  const metadata: Record<string, unknown> = { resourceVersion: String(revision) };
  if (initialEventsEnd) metadata.annotations = { 'k8s.io/initial-events-end': 'true' };
  return {
    kind: name,
    apiVersion: group === '' ? version : `${group}/${version}`,
    metadata: metadata as unknown as KubeObject['metadata'],
  };
}
