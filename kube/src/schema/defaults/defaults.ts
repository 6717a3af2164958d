import { apiVersionOf, type KubeObject } from '../../objects/index.ts';
import type { Fields } from '../fields.ts';
import type { KindDescription } from '../types.ts';
import * as cluster from './cluster.ts';
import * as extensions from './extensions.ts';
import * as network from './network.ts';
import { defaultPod } from './pod.ts';
import * as workloads from './workloads.ts';

const defaulters: Readonly<Record<string, (object: Fields) => void>> = {
  'v1/Pod': defaultPod,
  'v1/PodTemplate': workloads.defaultPodTemplateObject,
  'v1/ReplicationController': workloads.defaultReplicationController,
  'v1/Service': network.defaultService,
  'v1/Endpoints': network.defaultEndpoints,
  'v1/Secret': cluster.defaultSecret,
  'v1/Namespace': cluster.defaultNamespace,
  'v1/Node': cluster.defaultNode,
  'v1/PersistentVolume': cluster.defaultPersistentVolume,
  'v1/PersistentVolumeClaim': cluster.defaultPersistentVolumeClaim,
  'v1/LimitRange': cluster.defaultLimitRange,
  'apps/v1/Deployment': workloads.defaultDeployment,
  'apps/v1/ReplicaSet': workloads.defaultReplicaSet,
  'apps/v1/StatefulSet': workloads.defaultStatefulSet,
  'apps/v1/DaemonSet': workloads.defaultDaemonSet,
  'batch/v1/Job': workloads.defaultJob,
  'batch/v1/CronJob': workloads.defaultCronJob,
  'autoscaling/v2/HorizontalPodAutoscaler': workloads.defaultHorizontalPodAutoscaler,
  'autoscaling/v1/HorizontalPodAutoscaler': workloads.defaultHorizontalPodAutoscalerV1,
  'discovery.k8s.io/v1/EndpointSlice': network.defaultEndpointSlice,
  'networking.k8s.io/v1/NetworkPolicy': network.defaultNetworkPolicy,
  'networking.k8s.io/v1/IngressClass': network.defaultIngressClass,
  'rbac.authorization.k8s.io/v1/RoleBinding': cluster.defaultRoleBinding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': cluster.defaultRoleBinding,
  'scheduling.k8s.io/v1/PriorityClass': cluster.defaultPriorityClass,
  'storage.k8s.io/v1/StorageClass': cluster.defaultStorageClass,
  'storage.k8s.io/v1/CSIDriver': cluster.defaultCsiDriver,
  'resource.k8s.io/v1/DeviceClass': cluster.defaultDeviceClass,
  'resource.k8s.io/v1/ResourceClaim': cluster.defaultResourceClaim,
  'resource.k8s.io/v1/ResourceClaimTemplate': cluster.defaultResourceClaimTemplate,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': extensions.defaultWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': extensions.defaultWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': extensions.defaultAdmissionPolicy,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': extensions.defaultAdmissionPolicyBinding,
  'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy': extensions.defaultAdmissionPolicy,
  'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding': extensions.defaultAdmissionPolicyBinding,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': extensions.defaultCustomResourceDefinition,
  'apiregistration.k8s.io/v1/APIService': extensions.defaultApiService,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': extensions.defaultFlowSchema,
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': extensions.defaultPriorityLevelConfiguration,
};

/**
 * Fills in what the object leaves open, in place, and answers it; `apiVersion` and `kind` included. To be called with
 * an object that `decodeObject` gave, on create and on every update. Doing it twice changes nothing.
 */
export function applyDefaults(kind: KindDescription, object: KubeObject): KubeObject {
  object.apiVersion = apiVersionOf(kind);
  object.kind = kind.kind;
  // What a client says of a namespace that cannot be is ignored.
  if (!kind.namespaced) delete object.metadata?.namespace;
  defaulters[`${object.apiVersion}/${kind.kind}`]?.(object);
  return object;
}
