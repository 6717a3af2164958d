import type { ErrorCause } from '../../errors/index.ts';
import { apiVersionOf, type KubeObject } from '../../objects/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import type { KindDescription } from '../types.ts';
import * as policies from './admission-policies.ts';
import { validateWebhookConfiguration } from './admission-webhooks.ts';
import { validateApiService } from './api-service.ts';
import { validateHorizontalPodAutoscaler } from './autoscaling.ts';
import * as cluster from './cluster.ts';
import { validateCustomResourceDefinition } from './custom-resource-definition.ts';
import { validateDeviceClass } from './devices.ts';
import { validateEndpointSlice, validateEndpoints } from './endpoints.ts';
import { validateEphemeralContainersUpdate } from './ephemeral.ts';
import { validateCoreEvent, validateEvent } from './events.ts';
import { validateFlowSchema, validatePriorityLevel } from './flow-control.ts';
import * as infrastructure from './infrastructure.ts';
import * as jobs from './jobs.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import * as network from './network.ts';
import { validatePersistentVolume, validatePersistentVolumeClaim } from './persistent-volumes.ts';
import { validatePodSpec, validatePodTemplate, validatePodUpdate } from './pod.ts';
import { validateResize } from './pod-resize.ts';
import { Problems } from './problems.ts';
import * as quotas from './quotas.ts';
import { validateResourceSlice } from './resource-slices.ts';
import { reviewRules } from './reviews.ts';
import { validateService } from './services.ts';
import { statusRules, validateRequestConditions } from './status.ts';
import * as storage from './storage.ts';
import { validateStructure } from './structure.ts';
import * as workloads from './workloads.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const rules: Readonly<Record<string, Rule>> = {
  'v1/Pod': (object, problems, old) => {
    const spec = part(object, 'spec') ?? {};
    validatePodSpec(spec, 'spec', problems, { name: text(part(object, 'metadata'), 'name') ?? '' });
    if (old === undefined && parts(spec, 'ephemeralContainers').length > 0)
      problems.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  },
  'v1/PodTemplate': (object, problems) => validatePodTemplate(part(object, 'template'), 'template', problems),
  'v1/ReplicationController': workloads.validateReplicationController,
  'v1/PersistentVolumeClaim': validatePersistentVolumeClaim,
  'v1/PersistentVolume': validatePersistentVolume,
  'v1/Endpoints': validateEndpoints,
  'v1/Service': validateService,
  'v1/Event': validateCoreEvent,
  'events.k8s.io/v1/Event': validateEvent,
  'v1/Namespace': cluster.validateNamespace,
  'v1/ConfigMap': cluster.validateConfigMap,
  'v1/Secret': cluster.validateSecret,
  'v1/Node': cluster.validateNode,
  'v1/LimitRange': quotas.validateLimitRange,
  'v1/ResourceQuota': quotas.validateResourceQuota,
  'apps/v1/Deployment': workloads.validateDeployment,
  'apps/v1/ReplicaSet': workloads.validateReplicaSet,
  'apps/v1/StatefulSet': workloads.validateStatefulSet,
  'apps/v1/DaemonSet': workloads.validateDaemonSet,
  'apps/v1/ControllerRevision': workloads.validateControllerRevision,
  'batch/v1/Job': jobs.validateJob,
  'batch/v1/CronJob': jobs.validateCronJob,
  'policy/v1/PodDisruptionBudget': workloads.validatePodDisruptionBudget,
  'autoscaling/v1/HorizontalPodAutoscaler': validateHorizontalPodAutoscaler,
  'autoscaling/v2/HorizontalPodAutoscaler': validateHorizontalPodAutoscaler,
  'networking.k8s.io/v1/Ingress': network.validateIngress,
  'networking.k8s.io/v1/NetworkPolicy': network.validateNetworkPolicy,
  'discovery.k8s.io/v1/EndpointSlice': validateEndpointSlice,
  'rbac.authorization.k8s.io/v1/Role': cluster.validateRole,
  'rbac.authorization.k8s.io/v1/ClusterRole': cluster.validateClusterRole,
  'rbac.authorization.k8s.io/v1/RoleBinding': cluster.validateRoleBinding,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': cluster.validateClusterRoleBinding,
  'scheduling.k8s.io/v1/PriorityClass': cluster.validatePriorityClass,
  'storage.k8s.io/v1/StorageClass': storage.validateStorageClass,
  'apiregistration.k8s.io/v1/APIService': validateApiService,
  'storage.k8s.io/v1/CSIDriver': storage.validateCsiDriver,
  'storage.k8s.io/v1/CSINode': storage.validateCsiNode,
  'storage.k8s.io/v1/CSIStorageCapacity': storage.validateCsiStorageCapacity,
  'storage.k8s.io/v1/VolumeAttachment': storage.validateVolumeAttachment,
  'storage.k8s.io/v1/VolumeAttributesClass': storage.validateVolumeAttributesClass,
  'node.k8s.io/v1/RuntimeClass': infrastructure.validateRuntimeClass,
  'networking.k8s.io/v1/IngressClass': infrastructure.validateIngressClass,
  'networking.k8s.io/v1/IPAddress': infrastructure.validateIpAddress,
  'networking.k8s.io/v1/ServiceCIDR': infrastructure.validateServiceCidr,
  'coordination.k8s.io/v1/Lease': infrastructure.validateLease,
  'certificates.k8s.io/v1/CertificateSigningRequest': infrastructure.validateCertificateRequest,
  'flowcontrol.apiserver.k8s.io/v1/FlowSchema': validateFlowSchema,
  'flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration': validatePriorityLevel,
  'resource.k8s.io/v1/DeviceClass': validateDeviceClass,
  'resource.k8s.io/v1/ResourceSlice': validateResourceSlice,
  'admissionregistration.k8s.io/v1/MutatingWebhookConfiguration': validateWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration': validateWebhookConfiguration,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': policies.validateValidatingPolicy,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': policies.validateValidatingBinding,
  'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy': policies.validateMutatingPolicy,
  'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding': policies.validateMutatingBinding,
  'apiextensions.k8s.io/v1/CustomResourceDefinition': (object, problems, old) => {
    problems.causes.push(...validateCustomResourceDefinition(object, old));
  },
};

/** Subresources through which a pod's specification may change in other ways than by an update. */
const changesPods = new Set(['binding', 'ephemeralcontainers', 'resize']);

/**
 * What is wrong with an object, one cause a field, worded as Kubernetes words it; empty when it is valid.
 * To be called with defaults applied. `old` is what the object replaces. Through `status` only metadata is looked at,
 * since nothing else of the object changes.
 */
export function validate(
  kind: KindDescription,
  object: KubeObject,
  old?: KubeObject,
  options: { subresource?: string } = {},
): ErrorCause[] {
  const problems = new Problems();
  const review = kind.group === 'authorization.k8s.io' ? reviewRules[kind.kind] : undefined;
  if (review !== undefined) {
    review(object, problems);
    return problems.causes;
  }
  // The strategy of every kind looks at this, and so does what calls it.
  if (old !== undefined) problems.twice((found) => validateMetadataUpdate(object, old, found));
  validateMetadata(kind, object, problems);
  const key = `${apiVersionOf(kind)}/${kind.kind}`;
  if (key === 'certificates.k8s.io/v1/CertificateSigningRequest' && old !== undefined && options.subresource)
    validateRequestConditions(object, old, options.subresource, problems);
  if (options.subresource === 'status') statusRules[key]?.(object, problems, old);
  if (options.subresource === 'status' || options.subresource === 'finalize') return problems.causes;
  const apiVersion = apiVersionOf(kind);
  rules[`${apiVersion}/${kind.kind}`]?.(object, problems, old);
  if (kind.group === '' && kind.kind === 'Pod' && old !== undefined && !changesPods.has(options.subresource ?? '')) {
    validatePodUpdate(part(object, 'spec') ?? {}, part(old, 'spec') ?? {}, problems);
  }
  if (options.subresource === 'resize' && key === 'v1/Pod' && old !== undefined) validateResize(object, old, problems);
  if (options.subresource === 'ephemeralcontainers' && old !== undefined)
    validateEphemeralContainersUpdate(part(object, 'spec') ?? {}, part(old, 'spec') ?? {}, problems);
  // Of definitions their own rules say all that the schema could.
  if (kind.verbs.includes('update') && kind.kind !== 'CustomResourceDefinition') {
    validateStructure(kind.schema, object, problems);
  }
  return problems.causes;
}
