import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, Resource } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';

/**
 * The write that makes an object's status this one: only the fields that differ, those that are no longer there as null; none
 * when nothing differs. Zero counts are left out by the caller, as Kubernetes does.
 */
export function statusActions<T extends KubeObject>(resource: Resource<T>, object: T, status: object): Action[] {
  const changes = changesOf({ ...(object.status as object | undefined) }, { ...status });
  if (Object.keys(changes).length === 0) return [];
  const key = keyOf(object);
  // The uid keeps it from being written to another object that has taken the name.
  const { uid } = object.metadata;
  const body = { ...(uid === undefined ? {} : { metadata: { uid } }), status: changes };
  return [{ type: 'patch', resource, key, patch: { type: 'merge', body }, subresource: 'status' }];
}

/** The merge patch between the two; objects within are patched field by field, or what went from them would stay. */
function changesOf(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[field], after[field]];
    if (isDeepStrictEqual(was, is)) continue;
    changes[field] = isRecord(was) && isRecord(is) ? changesOf(was, is) : (is ?? null);
  }
  return changes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function keyOf({ metadata }: KubeObject): { namespace?: string; name: string } {
  return metadata.namespace === undefined
    ? { name: metadata.name }
    : { namespace: metadata.namespace, name: metadata.name };
}

/** A count for a status: left out when it is zero. */
export function count<K extends string>(field: K, value: number): { [field in K]?: number } {
  return value === 0 ? {} : ({ [field]: value } as { [field in K]?: number });
}
