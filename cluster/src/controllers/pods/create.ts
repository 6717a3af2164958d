import type { KubeObject, OwnerReference, Pod, PodTemplateSpec } from '@berth/kube/objects';

/** The reference that makes an object its controller. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  const { name, uid = '' } = metadata;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * A pod as the template says, controlled by the owner, under this name in the owner's namespace. Which part of the name is common to its
 * siblings stands beside it, as programs that group pods read it.
 */
export function podFromTemplate(
  owner: KubeObject,
  template: PodTemplateSpec,
  name: string,
  generateName = `${owner.metadata.name}-`,
): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName,
      ...(owner.metadata.namespace === undefined ? {} : { namespace: owner.metadata.namespace }),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    ...(template.spec ? { spec: template.spec } : {}),
  };
}
