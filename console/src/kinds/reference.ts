import type { KubeObject } from '@berth/kube/objects';
import { kinds } from './resources.ts';

export interface ObjectReference {
  apiVersion?: string | undefined;
  kind?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

/** The console's address of an object; undefined for a kind that it can only find through discovery. */
export function pathOfReference(reference: ObjectReference): string | undefined {
  const group = reference.apiVersion?.includes('/') ? reference.apiVersion.split('/')[0] : '';
  const found = Object.values(kinds).find((one) => one.kind === reference.kind && one.group === group);
  if (found === undefined || reference.name === undefined) return undefined;
  const scope = found.namespaced ? `/${reference.namespace ?? ''}` : '';
  return `/${found.resource}${scope}/${encodeURIComponent(reference.name)}`;
}

/** The reference to the controller of an object. */
export function ownerReference(object: KubeObject): ObjectReference | undefined {
  const owner = object.metadata.ownerReferences?.find((one) => one.controller === true);
  return owner && { ...owner, namespace: object.metadata.namespace };
}
