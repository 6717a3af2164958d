import type { Container, PersistentVolume, Pod, Volume } from '@berth/kube/objects';

interface Named {
  name?: string | undefined;
  namespace?: string | undefined;
}

/** The kinds of volumes that name a Secret of theirs in `secretRef`. */
const withSecretRef = ['cephfs', 'cinder', 'flexVolume', 'rbd', 'scaleIO', 'iscsi', 'storageos'] as const;

function containersOf({ spec }: Pod): readonly Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...(initContainers ?? []), ...(containers ?? []), ...((ephemeralContainers ?? []) as Container[])];
}

function named(refs: readonly (Named | undefined | null)[]): string[] {
  return refs.flatMap((ref) => ref?.name || []);
}

/** The Secrets of its namespace that a pod names. Source: Kubernetes' `podutil.VisitPodSecretNames`. */
export function secretsOf(pod: Pod): string[] {
  const { imagePullSecrets, volumes } = pod.spec ?? {};
  return [
    ...named(imagePullSecrets ?? []),
    ...containersOf(pod).flatMap(({ env, envFrom }) => [
      ...named((envFrom ?? []).map(({ secretRef }) => secretRef)),
      ...named((env ?? []).map(({ valueFrom }) => valueFrom?.secretKeyRef)),
    ]),
    ...(volumes ?? []).flatMap(secretsOfVolume),
  ];
}

function secretsOfVolume(volume: Volume): string[] {
  const { azureFile, projected, secret, csi } = volume;
  if (azureFile) return named([{ name: azureFile.secretName }]);
  if (projected) return named((projected.sources ?? []).map((source) => source.secret));
  if (secret) return named([{ name: secret.secretName }]);
  if (csi) return named([csi.nodePublishSecretRef]);
  return named(withSecretRef.map((kind) => volume[kind]?.secretRef));
}

/** The ConfigMaps of its namespace that a pod names. Source: Kubernetes' `podutil.VisitPodConfigmapNames`. */
export function configMapsOf(pod: Pod): string[] {
  return [
    ...containersOf(pod).flatMap(({ env, envFrom }) => [
      ...named((envFrom ?? []).map(({ configMapRef }) => configMapRef)),
      ...named((env ?? []).map(({ valueFrom }) => valueFrom?.configMapKeyRef)),
    ]),
    ...(pod.spec?.volumes ?? []).flatMap(({ projected, configMap }) =>
      named(projected ? (projected.sources ?? []).map((source) => source.configMap) : [configMap]),
    ),
  ];
}

/** What a pod's status says of the claims that were made for it. */
export interface ClaimStatuses {
  resourceClaimStatuses?: readonly { name: string; resourceClaimName?: string | null }[] | null;
  extendedResourceClaimStatus?: { resourceClaimName?: string; requestMappings?: readonly object[] } | null;
}

/** The ResourceClaims of a pod, as far as they were made. Source: Kubernetes' `resourceclaim.Name`. */
export function resourceClaimsOf({ spec, status }: Pod): string[] {
  const { resourceClaimStatuses, extendedResourceClaimStatus } = (status ?? {}) as ClaimStatuses;
  const made = new Map((resourceClaimStatuses ?? []).map((one) => [one.name, one.resourceClaimName]));
  const claims = (spec?.resourceClaims ?? []).flatMap(({ name, resourceClaimName, resourceClaimTemplateName }) =>
    resourceClaimName === undefined
      ? (resourceClaimTemplateName !== undefined && made.get(name)) || []
      : resourceClaimName,
  );
  return [
    ...claims,
    ...(extendedResourceClaimStatus?.resourceClaimName ? [extendedResourceClaimStatus.resourceClaimName] : []),
  ];
}

/** `namespace/name` of the Secrets that a node needs for a volume which is claimed. Source: Kubernetes' `pvutil.VisitPVSecretNames`. */
export function secretsOfPersistent({ spec }: PersistentVolume): string[] {
  const { azureFile, cinder, storageos, csi } = spec ?? {};
  const claimed = spec?.claimRef?.namespace ?? '';
  const at = (ref: Named | undefined | null, fallback = '') =>
    ref?.name ? [`${ref.namespace || fallback}/${ref.name}`] : [];
  if (azureFile) return at({ name: azureFile.secretName, namespace: azureFile.secretNamespace }, claimed);
  if (cinder) return at(cinder.secretRef);
  if (storageos) return at(storageos.secretRef);
  if (csi) {
    const refs = [csi.nodePublishSecretRef, csi.nodeStageSecretRef, csi.nodeExpandSecretRef];
    return refs.flatMap((ref) => at(ref));
  }
  return withSecretRef.flatMap((kind) =>
    at((spec as Partial<Record<typeof kind, { secretRef?: Named }>>)?.[kind]?.secretRef, claimed),
  );
}
