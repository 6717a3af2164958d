import type { KubeList, KubeObject, ObjectKey, Resource } from '../objects/index.ts';

/** How a label or field selector travels: as its string, as in a URL. */
export interface Selectors {
  labelSelector?: string;
  fieldSelector?: string;
}

export interface GetOptions {
  resourceVersion?: string;
  signal?: AbortSignal;
}

export interface ListOptions extends Selectors {
  /** Without it: all namespaces. */
  namespace?: string;
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  signal?: AbortSignal;
}

export interface WatchOptions extends Selectors {
  namespace?: string;
  /** Deliver every change after this version. Without it: first the present state as ADDED events. */
  resourceVersion?: string;
  allowWatchBookmarks?: boolean;
  /** WatchList (KEP-3157): the present state as ADDED, then a bookmark annotated `k8s.io/initial-events-end`. */
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  signal?: AbortSignal;
}

export interface WriteOptions {
  /** Who writes, for `managedFields`; the client's own name when absent. */
  fieldManager?: string;
  dryRun?: boolean;
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** `status`, `scale`, `binding`, `eviction`, … */
  subresource?: string;
  signal?: AbortSignal;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
  signal?: AbortSignal;
}

export type Patch =
  | { type: 'json'; body: readonly JsonPatchOperation[] }
  | { type: 'merge' | 'strategic'; body: Record<string, unknown> };

export type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: unknown }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; from: string; path: string };

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: KubeObject };

/**
 * All that `platform/` has of a cluster, and what controllers and node agents use inside ours.
 *
 * Errors: every method rejects with a `BerthError` whose `code` is the reason of the server's `Status`
 * (`NotFound`, `Conflict`, …); a server that cannot be reached gives `ServiceUnavailable`, retryable.
 * Objects that are answered belong to a cache that others share: never change them, copy first.
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: GetOptions): Promise<T>;
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions): Promise<KubeList<T>>;
  /**
   * Events in the order of the server, each once, until the signal is aborted or the server ends the stream (the
   * iteration then simply ends: list or watch again from the last version seen). A version that is too old throws
   * `Expired`: list again.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Replaces; with `metadata.resourceVersion` set, only if that is still the version (`Conflict` otherwise). */
  update<T extends KubeObject>(resource: Resource<T>, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, patch: Patch, options?: WriteOptions): Promise<T>;
  /** Server-side apply. `fieldManager` is required by the protocol. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T>;
  /** The object as it was, or as it is while finalizers or a grace period hold it. */
  delete<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: DeleteOptions): Promise<T | undefined>;
  deleteCollection<T extends KubeObject>(resource: Resource<T>, options: ListOptions & DeleteOptions): Promise<void>;
  /** POST to a subresource that takes a kind of its own: `pods/x/binding`, `pods/x/eviction`, `serviceaccounts/x/token`. */
  createSubresource(
    resource: Resource,
    key: ObjectKey,
    subresource: string,
    body: KubeObject | Record<string, unknown>,
    options?: { dryRun?: boolean; signal?: AbortSignal },
  ): Promise<Record<string, unknown>>;
}
