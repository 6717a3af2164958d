import type { KubeObject } from '@berth/kube/objects';
import { forbidden, notFound } from '../../faults.ts';
import { objectKey, resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionRequest } from '../admission.ts';

/** Throws `Forbidden`, with the name that the object is going to have as far as it is known. */
export function refuse({ call, name, object }: AdmissionRequest, why: string): never {
  const { generateName } = object.metadata ?? {};
  throw forbidden(call.kind.description, name || object.metadata?.name || generateName || 'Unknown', why);
}

/** The object of the core group, or `NotFound` in the words of kube-apiserver's caches, which know it by its kind. */
export function found(
  storage: Pick<ObjectStorage, 'get'>,
  { group = '', kind, resource }: { group?: string; kind: string; resource: string },
  namespace: string | undefined,
  name: string,
): KubeObject {
  const stored = storage.get(objectKey(resourcePrefix(group, resource), namespace, name));
  if (!stored) throw notFound({ group, resource: kind }, name);
  return stored.object;
}
