import { type BerthError, isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { demand } from '../authorization/demand.ts';
import type { Call } from '../call.ts';
import { conflict } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { createObject, type Ownership } from './create.ts';

/** Whether an object was not found because it is absent: not its namespace (unless it is one), and not a part of it. */
export function isAbsent({ kind, name, subresource }: Call, error: unknown): error is BerthError {
  if (!isBerthError(error, 'NotFound') || subresource) return false;
  return error.details?.kind === kind.description.resource && error.details.name === name;
}

/**
 * Makes the object that a write would have changed, had it been there. Who may change what is there may not make what
 * is not: that is a right of its own, so `Forbidden` is thrown without it.
 */
export async function createAbsent(
  machinery: Machinery,
  call: Call,
  object: KubeObject,
  options: Ownership = {},
): Promise<StoredObject> {
  const { group, version, resource } = call.kind.description;
  const namespace = group === '' && resource === 'namespaces' ? call.name : call.namespace;
  const attributes = { verb: 'create', group, version, resource, subresource: '', namespace, name: call.name };
  demand(machinery.authorizer, call.user, attributes);
  const { uid } = object.metadata;
  if (uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: `;
    throw conflict(call.kind.description, call.name, why);
  }
  return await createObject(machinery, { ...call, verb: 'create', name: '' }, object, options);
}
