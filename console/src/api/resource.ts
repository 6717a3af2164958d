import type { KubeObject, ObjectKey, ResourceRef } from '@berth/kube/objects';

/** A served resource, as discovery or the console's own list names it. */
export interface ServedResource extends ResourceRef {
  kind: string;
  namespaced: boolean;
}

export interface Scope {
  /** Without it: the whole cluster. */
  namespace?: string | undefined;
  /** Only the object of this name. */
  name?: string | undefined;
}

/** The portal's path of a collection, an object, or a subresource of one. */
export function pathOf(resource: ResourceRef, key: Partial<ObjectKey> = {}, subresource?: string): string {
  const root =
    resource.group === '' ? `/k8s/api/${resource.version}` : `/k8s/apis/${resource.group}/${resource.version}`;
  const namespace = key.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(key.namespace)}`;
  const name = key.name === undefined ? '' : `/${encodeURIComponent(key.name)}`;
  return `${root}${namespace}/${resource.resource}${name}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** `namespace/name`, or the name alone: unique within a resource at one time. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}
