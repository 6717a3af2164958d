import type { KubeObject, Pod } from '../../objects/index.ts';
import { qosClassOf } from '../../pods/index.ts';
import { ensure, type Fields, fill, part, parts, text } from '../fields.ts';
import type { KindDescription } from '../types.ts';
import { dropDisabled } from './disabled.ts';
import { templateGeneration } from './workloads.ts';

/**
 * What the API server itself gives a new object beyond defaults, in place: its first status, a namespace's finalizer,
 * a job's selector. To be called after `applyDefaults`, once `metadata.uid` is set; a status that a client sent is
 * discarded where the kind has a status subresource.
 */
export function prepareForCreate(kind: KindDescription, object: KubeObject): KubeObject {
  if (dropsStatusAtCreation(kind)) delete object.status;
  dropDisabled(kind, object);
  const initial = initialStatus[kind.kind];
  if (initial !== undefined) object.status = initial(object);
  if (kind.group === 'autoscaling' && kind.version === 'v1') fill(ensure(object, 'status'), 'currentReplicas', 0);
  if (kind.group === '' && kind.kind === 'Namespace') {
    const spec = ensure(object, 'spec');
    const finalizers = Array.isArray(spec.finalizers) ? spec.finalizers : [];
    if (!finalizers.includes('kubernetes')) spec.finalizers = [...finalizers, 'kubernetes'];
  }
  if (kind.group === 'apps' && kind.kind === 'DaemonSet')
    ensure(ensure(object as Fields, 'metadata'), 'annotations')[templateGeneration] = '1';
  if (kind.group === 'batch' && kind.kind === 'Job') selectOwnPods(object);
  return object;
}

/** Whether what a client says of the status of a new object counts for nothing. A node says what it is as it comes. */
export function dropsStatusAtCreation(kind: KindDescription): boolean {
  return kind.hasStatus && !(kind.group === '' && kind.kind === 'Node');
}

const none = () => ({});

const initialStatus: Readonly<Record<string, (object: Fields) => Fields>> = {
  Pod: (pod) => ({ phase: 'Pending', qosClass: qosClassOf(pod as Pick<Pod, 'spec'>) }),
  Namespace: () => ({ phase: 'Active' }),
  PersistentVolume: () => ({ phase: 'Pending' }),
  PersistentVolumeClaim: () => ({ phase: 'Pending' }),
  Service: () => ({ loadBalancer: {} }),
  Ingress: () => ({ loadBalancer: {} }),
  Deployment: none,
  ReplicaSet: () => ({ replicas: 0 }),
  ReplicationController: () => ({ replicas: 0 }),
  StatefulSet: () => ({ availableReplicas: 0, replicas: 0 }),
  DaemonSet: () => ({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }),
  Job: none,
  CronJob: none,
  PodDisruptionBudget: () => ({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }),
  HorizontalPodAutoscaler: () => ({ desiredReplicas: 0 }),
  ResourceQuota: none,
  CertificateSigningRequest: none,
  APIService: none,
  CustomResourceDefinition: (definition) => ({
    acceptedNames: { kind: '', plural: '' },
    conditions: [],
    storedVersions: parts(part(definition, 'spec'), 'versions').flatMap((version) =>
      version.storage === true ? [text(version, 'name') ?? ''] : [],
    ),
  }),
  FlowSchema: none,
  PriorityLevelConfiguration: none,
  ServiceCIDR: none,
  ResourceClaim: none,
  VolumeAttachment: () => ({ attached: false }),
};

/** The pods of a job are those that carry its uid, unless it says `manualSelector`. */
function selectOwnPods(job: Fields): void {
  const spec = ensure(job, 'spec');
  const metadata = ensure(job, 'metadata');
  if (spec.manualSelector === true) return;
  const uid = text(metadata, 'uid') ?? '';
  const name = text(metadata, 'name') ?? '';
  const templateMetadata = ensure(ensure(spec, 'template'), 'metadata');
  const labels = ensure(templateMetadata, 'labels');
  // Labels that defaulting took from the pods are the pods' very own; it does so again whenever there are none.
  const own = part(metadata, 'labels') ?? {};
  const follows = own === labels || Object.keys(own).length === 0;
  for (const prefix of ['batch.kubernetes.io/', '']) {
    fill(labels, `${prefix}controller-uid`, uid);
    fill(labels, `${prefix}job-name`, name);
  }
  if (follows) metadata.labels = { ...labels };
  const selector = ensure(spec, 'selector');
  fill(ensure(selector, 'matchLabels'), 'batch.kubernetes.io/controller-uid', uid);
}
