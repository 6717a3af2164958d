import type { KubeObject } from '@berth/kube/objects';
import type { Subresource } from '@berth/kube/schema';
import type { AuditNotes } from './audit/notes.ts';
import type { ServedKind } from './kinds.ts';
import type { StoredObject } from './storage/stored-object.ts';
import type { User } from './types.ts';
import type { WatchSource } from './watch/source.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export type CallVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** Which fields a body names twice, each in Kubernetes' words for the format. */
export interface RepeatedFields {
  format: 'json' | 'yaml';
  texts: readonly string[];
}

/** A request for a resource, whichever way it came in. */
export interface Call {
  verb: CallVerb;
  user: User;
  kind: ServedKind;
  /** '' for cluster-scoped kinds and for all namespaces. */
  namespace: string;
  /** '' for collections. */
  name: string;
  subresource: Subresource | undefined;
  /** The query's parameters by their Kubernetes names. */
  options: ReadonlyMap<string, string>;
  /** It comes from this process itself. */
  isInner?: boolean;
  /** Of a request from outside: who owns what it writes when it does not say so itself. '' when it says nothing. */
  userAgent?: string;
  /** Decoded JSON or YAML. Belongs to the call: it may be changed. */
  body?: unknown;
  patchType?: PatchType;
  /** Fields that the body names twice. */
  repeated?: RepeatedFields;
  /** Become `Warning` headers. */
  warnings: string[];
  /** What the audit log is to know of it; absent when it is to know nothing. */
  record?: AuditNotes;
  signal: AbortSignal | undefined;
}

export type Answer =
  | { type: 'object'; object: StoredObject; created?: boolean }
  | { type: 'list'; kind: ServedKind; items: readonly StoredObject[]; meta: ListAnswerMeta }
  | { type: 'watch'; kind: ServedKind; source: WatchSource }
  | { type: 'deleted'; object: StoredObject }
  /** Not an object of the store: a review, a token, a scale. */
  | { type: 'value'; value: KubeObject | Record<string, unknown>; created?: boolean };

export interface ListAnswerMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** Of a parameter that is given: all but `0` and `false` mean yes. Source: apimachinery `Convert_Slice_string_To_bool`. */
export function isTrue(value: string): boolean {
  return value !== '0' && value.toLowerCase() !== 'false';
}

/** Whether the call only tries; the only value Kubernetes knows is `All`. */
export function isDryRun(call: Call): boolean {
  return call.options.get('dryRun') === 'All';
}

export function subresourceName(call: Call): string {
  return call.subresource?.name ?? '';
}
