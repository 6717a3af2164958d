import type { Volume } from '@berth/kube/objects';

/** The kinds of volumes for which a node asks the API for nothing. */
const withoutObjects = [
  ...[
    'awsElasticBlockStore',
    'azureDisk',
    'cephfs',
    'cinder',
    'downwardAPI',
    'emptyDir',
    'fc',
    'flexVolume',
    'flocker',
  ],
  ...['gcePersistentDisk', 'gitRepo', 'hostPath', 'image', 'iscsi', 'nfs', 'photonPersistentDisk', 'portworxVolume'],
  ...['quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume'],
] as const;

const references = {
  configMap: 'configmaps (via configmap volumes)',
  secret: 'secrets (via secret volumes)',
  csi: 'csidrivers (via CSI volumes)',
  glusterfs: 'endpoints (via glusterFS volumes)',
  persistentVolumeClaim: 'persistentvolumeclaims',
  ephemeral: 'persistentvolumeclaims (via ephemeral volumes)',
  azureFile: 'secrets (via azureFile volumes)',
} as const;

const projections = {
  configMap: 'configmaps (via projected volumes)',
  secret: 'secrets (via projected volumes)',
  serviceAccountToken: 'serviceaccounts (via projected volumes)',
  clusterTrustBundle: 'clustertrustbundles',
  podCertificate: 'podcertificates',
  downwardAPI: undefined,
} as const;

/** Which objects of the API a volume leads to, or why that is not known. */
export function sourceOf(volume: Volume): { reference?: string; unknown?: string } {
  const sources: Readonly<Record<string, unknown>> = { ...volume };
  if (withoutObjects.some((kind) => sources[kind])) return {};
  const kind = Object.entries(references).find(([name]) => sources[name]);
  if (kind) return { reference: kind[1] };
  if (!volume.projected) return { unknown: `unknown volume type for volume  ${JSON.stringify(volume.name)}` };
  for (const projection of volume.projected.sources ?? []) {
    const given: Readonly<Record<string, unknown>> = { ...projection };
    const known = Object.entries(projections).find(([name]) => given[name]);
    if (!known) return { unknown: `unknown source for projected volume ${JSON.stringify(volume.name)}` };
    if (known[1] !== undefined) return { reference: known[1] };
  }
  return {};
}
