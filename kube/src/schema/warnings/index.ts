import type { KubeObject } from '../../objects/index.ts';
import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import type { KindDescription } from '../types.ts';
import { dnsLabel } from '../validate/names.ts';
import { deprecatedLabel, nodeTermWarnings } from './node-labels.ts';
import { claimWarnings, podWarnings } from './pod.ts';
import { serviceWarnings, unusualAddress } from './service.ts';

/** What there is to say of an object; `old` is what it replaces. */
type Warn = (object: Fields, old: Fields | undefined) => string[];

/**
 * What the writer of a valid object is told all the same, as kube-apiserver's registries say it
 * (`WarningsOnCreate`, `WarningsOnUpdate`).
 */
export function warningsOf(
  { group, kind }: Pick<KindDescription, 'group' | 'kind'>,
  object: KubeObject,
  old: KubeObject | undefined,
): string[] {
  const warn = byKind.get(group === '' ? kind : `${kind}.${group}`);
  return warn?.(object as unknown as Fields, old as unknown as Fields | undefined) ?? [];
}

/** The template of a workload, when the write changes the specification. */
const template: Warn = (object, old) =>
  changed('spec', object, old) ? podWarnings(part(part(object, 'spec'), 'template'), 'spec.template') : [];

const jobTemplate: Warn = (object, old) => {
  if (!changed('spec', object, old)) return [];
  return jobWarnings(part(part(part(object, 'spec'), 'jobTemplate'), 'spec'), 'spec.jobTemplate.spec');
};

const byKind: ReadonlyMap<string, Warn> = new Map<string, Warn>([
  // A pod is written often, and rarely by people: only its creation is looked at.
  [
    'Pod',
    (object, old) =>
      old === undefined ? [...named(object, "used in the Pod's hostname"), ...podWarnings(object, '')] : [],
  ],
  [
    'PodTemplate',
    (object, old) => (changed('template', object, old) ? podWarnings(part(object, 'template'), 'template') : []),
  ],
  ['ReplicationController', (object, old) => [...newlyNamed(object, old), ...template(object, old)]],
  ['Deployment.apps', (object, old) => [...newlyNamed(object, old), ...template(object, old)]],
  ['ReplicaSet.apps', (object, old) => [...newlyNamed(object, old), ...template(object, old)]],
  ['StatefulSet.apps', (object, old) => [...template(object, old), ...statefulSetWarnings(object, old)]],
  [
    'DaemonSet.apps',
    (object, old) =>
      sameData(part(part(object, 'spec'), 'template'), part(part(old, 'spec'), 'template'))
        ? []
        : podWarnings(part(part(object, 'spec'), 'template'), 'spec.template'),
  ],
  [
    'Job.batch',
    (object, old) => [
      ...newlyNamed(object, old),
      ...(changed('spec', object, old) ? jobWarnings(part(object, 'spec'), 'spec') : []),
    ],
  ],
  ['CronJob.batch', (object, old) => [...newlyNamed(object, old), ...jobTemplate(object, old)]],
  ['Service', serviceWarnings],
  ['Ingress.networking.k8s.io', ingressWarnings],
  [
    'PersistentVolumeClaim',
    (object) => [
      ...annotated(object, 'volume.beta.kubernetes.io/storage-class', storageClassAnnotation),
      ...claimWarnings(part(object, 'spec'), 'spec'),
    ],
  ],
  ['PersistentVolume', persistentVolumeWarnings],
  [
    'Node',
    (object) =>
      text(part(object, 'spec'), 'externalID')
        ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes']
        : [],
  ],
  ['Endpoints', endpointsWarnings],
  [
    'CSIDriver.storage.k8s.io',
    (object, old) => {
      const spec = part(object, 'spec') ?? {};
      const asks = parts(spec, 'tokenRequests').length > 0 && changed('tokenRequests', spec, part(old, 'spec'));
      return asks && spec.serviceAccountTokenInSecrets === undefined ? [tokensInSecrets] : [];
    },
  ],
  [
    'ServiceAccount',
    (object, old) => {
      const key = 'kubernetes.io/enforce-mountable-secrets';
      const was = Object.hasOwn(part(part(old, 'metadata'), 'annotations') ?? {}, key);
      const said = 'deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets';
      return was ? [] : annotated(object, key, said);
    },
  ],
  [
    'RuntimeClass.node.k8s.io',
    (object) =>
      Object.keys(part(part(object, 'scheduling'), 'nodeSelector') ?? {}).flatMap((key) =>
        deprecatedLabel(key).map((said) => `scheduling.nodeSelector: ${said}`),
      ),
  ],
  [
    'EndpointSlice.discovery.k8s.io',
    (object, old) =>
      old === undefined && object.addressType === 'FQDN' ? ['spec.addressType: FQDN endpoints are deprecated'] : [],
  ],
]);

const tokensInSecrets =
  'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes';

/** Addresses that are written otherwise than they should be. */
function endpointsWarnings(endpoints: Fields): string[] {
  return parts(endpoints, 'subsets').flatMap((subset, index) =>
    ['addresses', 'notReadyAddresses'].flatMap((list) =>
      parts(subset, list).flatMap(({ ip }, position) =>
        unusualAddress(String(ip ?? ''), `subsets[${index}].${list}[${position}].ip`),
      ),
    ),
  );
}

const storageClassAnnotation = 'deprecated since v1.8; use "storageClassName" attribute instead';

function changed(field: string, object: Fields, old: Fields | undefined): boolean {
  return old === undefined || !sameData(object[field], old[field]);
}

function annotated(object: Fields, key: string, said: string): string[] {
  const annotations = part(part(object, 'metadata'), 'annotations') ?? {};
  return Object.hasOwn(annotations, key) ? [`metadata.annotations[${key}]: ${said}`] : [];
}

/** A name that no host can have, where pods and their hosts are called after it. */
function named(object: Fields, used: string): string[] {
  const wrong = dnsLabel(text(part(object, 'metadata'), 'name') ?? '');
  if (wrong.length === 0) return [];
  const said = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is ${used}, ${said}: [${wrong.join(' ')}]`];
}

function newlyNamed(object: Fields, old: Fields | undefined): string[] {
  return old === undefined ? named(object, 'used in Pod names and hostnames') : [];
}

function jobWarnings(spec: Fields | undefined, path: string): string[] {
  const many = spec?.completionMode === 'Indexed' && Number(spec.completions ?? 0) > 100_000;
  const said =
    'In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail';
  return [
    ...(many && Number(spec.parallelism ?? 0) > 10_000 ? [`${path}: ${said}`] : []),
    ...podWarnings(part(spec, 'template'), `${path}.template`),
  ];
}

function statefulSetWarnings(object: Fields, old: Fields | undefined): string[] {
  const spec = part(object, 'spec');
  const limit = spec?.revisionHistoryLimit;
  return [
    ...parts(spec, 'volumeClaimTemplates').flatMap((claim, index) => {
      // Kubernetes writes the path of an update so.
      const path = `spec.volumeClaimTemplates[${index}]${old === undefined ? '' : '.Spec'}`;
      return claimWarnings(part(claim, 'spec'), path);
    }),
    ...(typeof limit === 'number' && limit < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ];
}

function ingressWarnings(object: Fields, old: Fields | undefined): string[] {
  const key = 'kubernetes.io/ingress.class';
  const isSet = Object.hasOwn(part(part(object, 'metadata'), 'annotations') ?? {}, key);
  if (old !== undefined || !isSet || part(object, 'spec')?.ingressClassName !== undefined) return [];
  return [`annotation "${key}" is deprecated, please use 'spec.ingressClassName' instead`];
}

const deprecatedPlugins = [
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
] as const;

function persistentVolumeWarnings(object: Fields): string[] {
  const spec = part(object, 'spec');
  const mountOptions = 'deprecated since v1.31; use "mountOptions" attribute instead';
  const recycling =
    'The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.';
  return [
    ...annotated(object, 'volume.beta.kubernetes.io/storage-class', storageClassAnnotation),
    ...annotated(object, 'volume.beta.kubernetes.io/mount-options', mountOptions),
    ...(spec?.persistentVolumeReclaimPolicy === 'Recycle' ? [`spec.persistentVolumeReclaimPolicy: ${recycling}`] : []),
    ...parts(part(part(spec, 'nodeAffinity'), 'required'), 'nodeSelectorTerms').flatMap((term, index) =>
      nodeTermWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`),
    ),
    ...deprecatedPlugins.flatMap(([field, shown, said]) =>
      spec?.[field] === undefined ? [] : [`spec.${shown}: ${said}`],
    ),
  ];
}
