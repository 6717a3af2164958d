import type { PersistentVolumeClaim, Pod, Volume } from '@berth/kube/objects';

/** The claim behind a volume: the one it names, or the one that is made for it (generic ephemeral volumes). */
export function claimNameOf(pod: Pod, volume: Volume): string | undefined {
  if (volume.ephemeral) return `${pod.metadata.name}-${volume.name}`;
  return volume.persistentVolumeClaim?.claimName;
}

/** The names of all claims that the pod's volumes lead to. */
export function claimNamesOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => claimNameOf(pod, volume) ?? []);
}

/** Why a claim with the name of an ephemeral volume's is not the pod's own; undefined when it is. */
export function foreignClaim(pod: Pod, { metadata }: PersistentVolumeClaim): string | undefined {
  if (metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid)) return undefined;
  const { namespace, name } = pod.metadata;
  return `PVC ${metadata.namespace}/${metadata.name} was not created for pod ${namespace}/${name} (pod is not owner)`;
}
