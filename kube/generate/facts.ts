import type { Schema } from '../src/schema/types.ts';

/**
 * What Kubernetes' OpenAPI says and the models' types cannot: how lists and maps merge, and which constants stand in
 * for absent map keys. Lists that are not named here are atomic, as everywhere in Kubernetes.
 * Source: the field markers of the public API reference (`+listType`, `+patchMergeKey`, `+mapType`, `+default`).
 */
type Facts = Partial<Schema>;

/** A list that is a map for server-side apply, and merges by its first key under a strategic merge patch. */
function mergeBy(...keys: [string, ...string[]]): Facts {
  return { ...mapBy(...keys), ...patchBy(keys[0]) };
}

/** A list that is a map for server-side apply only; a strategic merge patch replaces it. */
function mapBy(...keys: string[]): Facts {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

/** A list that merges under a strategic merge patch and is atomic for server-side apply. */
function patchBy(key: string): Facts {
  return { 'x-kubernetes-patch-merge-key': key, 'x-kubernetes-patch-strategy': 'merge' };
}

/** As `mergeBy`, for entries of which one of several exclusive fields is set. */
function mergeRetaining(key: string): Facts {
  return { ...mergeBy(key), 'x-kubernetes-patch-strategy': 'merge,retainKeys' };
}

const setList: Facts = { 'x-kubernetes-list-type': 'set' };
const mergedSet: Facts = { ...setList, 'x-kubernetes-patch-strategy': 'merge' };
const atomicMap: Facts = { 'x-kubernetes-map-type': 'atomic' };
const granularMap: Facts = { 'x-kubernetes-map-type': 'granular' };
const conditions = { conditions: mergeBy('type') };
const matchConditions = { matchConditions: mergeBy('name') };

const container: Record<string, Facts> = {
  env: mergeBy('name'),
  ports: mergeBy('containerPort', 'protocol'),
  volumeDevices: mergeBy('devicePath'),
  volumeMounts: mergeBy('mountPath'),
};

/** By definition (without `io.k8s.api.`) and field. */
export const fieldFacts: Record<string, Record<string, Facts>> = {
  'admissionregistration.v1.MutatingAdmissionPolicySpec': matchConditions,
  'admissionregistration.v1.MutatingWebhook': matchConditions,
  'admissionregistration.v1.MutatingWebhookConfiguration': { webhooks: mergeBy('name') },
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': { validationActions: setList },
  'admissionregistration.v1.ValidatingAdmissionPolicySpec': { ...matchConditions, variables: mergeBy('name') },
  'admissionregistration.v1.ValidatingAdmissionPolicyStatus': { conditions: mapBy('type') },
  'admissionregistration.v1.ValidatingWebhook': matchConditions,
  'admissionregistration.v1.ValidatingWebhookConfiguration': { webhooks: mergeBy('name') },
  'apps.v1.DaemonSetStatus': conditions,
  'apps.v1.DeploymentSpec': { strategy: { 'x-kubernetes-patch-strategy': 'retainKeys' } },
  'apps.v1.DeploymentStatus': conditions,
  'apps.v1.ReplicaSetStatus': conditions,
  'apps.v1.StatefulSetSpec': {
    volumeClaimTemplates: { type: 'array', items: { $ref: 'io.k8s.api.core.v1.PersistentVolumeClaim' } },
  },
  'apps.v1.StatefulSetStatus': conditions,
  'autoscaling.v2.HorizontalPodAutoscalerStatus': conditions,
  'batch.v1.JobStatus': { conditions: patchBy('type') },
  'batch.v1.PodFailurePolicyOnExitCodesRequirement': { values: setList },
  'batch.v1.UncountedTerminatedPods': { failed: setList, succeeded: setList },
  'certificates.v1.CertificateSigningRequestStatus': { conditions: mapBy('type') },
  'core.v1.ComponentStatus': conditions,
  'core.v1.Container': container,
  'core.v1.ContainerPort': { protocol: { default: 'TCP' } },
  'core.v1.ContainerRestartRuleOnExitCodes': { values: setList },
  'core.v1.ContainerStatus': { allocatedResourcesStatus: mergeBy('name'), volumeMounts: mergeBy('mountPath') },
  'core.v1.EphemeralContainer': container,
  'core.v1.LocalObjectReference': { name: { default: '' } },
  'core.v1.NamespaceStatus': conditions,
  'core.v1.NodeSpec': { podCIDRs: mergedSet },
  'core.v1.NodeStatus': { ...conditions, addresses: mergeBy('type') },
  'core.v1.PersistentVolumeClaimStatus': { ...conditions, allocatedResourceStatuses: granularMap },
  'core.v1.PersistentVolumeSpec': { claimRef: granularMap },
  'core.v1.PodSpec': {
    containers: mergeBy('name'),
    ephemeralContainers: mergeBy('name'),
    hostAliases: mergeBy('ip'),
    imagePullSecrets: mergeBy('name'),
    initContainers: mergeBy('name'),
    nodeSelector: atomicMap,
    resourceClaims: mergeRetaining('name'),
    schedulingGates: mergeBy('name'),
    topologySpreadConstraints: mergeBy('topologyKey', 'whenUnsatisfiable'),
    volumes: mergeRetaining('name'),
  },
  'core.v1.PodStatus': {
    ...conditions,
    hostIPs: patchBy('ip'),
    podIPs: mergeBy('ip'),
    resourceClaimStatuses: mergeRetaining('name'),
  },
  'core.v1.ReplicationControllerSpec': { selector: atomicMap },
  'core.v1.ReplicationControllerStatus': conditions,
  'core.v1.ResourceRequirements': { claims: mapBy('name') },
  'core.v1.ResourceStatus': { resources: mapBy('resourceID') },
  'core.v1.ServiceAccount': { secrets: mergeBy('name') },
  'core.v1.ServicePort': { protocol: { default: 'TCP' } },
  'core.v1.ServiceSpec': { ports: mergeBy('port', 'protocol'), selector: atomicMap },
  'core.v1.ServiceStatus': conditions,
  'discovery.v1.Endpoint': { addresses: setList },
  'flowcontrol.v1.FlowSchemaStatus': conditions,
  'flowcontrol.v1.NonResourcePolicyRule': { nonResourceURLs: setList, verbs: setList },
  'flowcontrol.v1.PriorityLevelConfigurationStatus': conditions,
  'flowcontrol.v1.ResourcePolicyRule': { apiGroups: setList, namespaces: setList, resources: setList, verbs: setList },
  'networking.v1.ServiceCIDRStatus': conditions,
  'node.v1.Scheduling': { nodeSelector: atomicMap },
  'policy.v1.PodDisruptionBudgetSpec': { selector: { 'x-kubernetes-patch-strategy': 'replace' } },
  'policy.v1.PodDisruptionBudgetStatus': conditions,
  'resource.v1.AllocatedDeviceStatus': { conditions: mapBy('type') },
  'resource.v1.ResourceClaimStatus': {
    devices: mapBy('driver', 'device', 'pool', 'shareID'),
    reservedFor: mergeBy('uid'),
  },
  'storage.v1.CSIDriverSpec': { volumeLifecycleModes: setList },
  'storage.v1.CSINodeSpec': { drivers: mergeBy('name') },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionStatus': {
    conditions: mapBy('type'),
  },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': {
    'x-kubernetes-validations': mergeBy('rule'),
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { finalizers: mergedSet, ownerReferences: mergeBy('uid') },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus': conditions,
};

/** Definitions that server-side apply takes as a whole, like a scalar. */
export const atomicDefinitions: readonly string[] = [
  'admissionregistration.v1.MatchResources',
  'admissionregistration.v1.NamedRuleWithOperations',
  'admissionregistration.v1.ParamKind',
  'admissionregistration.v1.ParamRef',
  'admissionregistration.v1.Variable',
  'autoscaling.v1.CrossVersionObjectReference',
  'core.v1.ConfigMapKeySelector',
  'core.v1.EndpointAddress',
  'core.v1.EndpointPort',
  'core.v1.FileKeySelector',
  'core.v1.LocalObjectReference',
  'core.v1.NodeSelector',
  'core.v1.NodeSelectorTerm',
  'core.v1.ObjectFieldSelector',
  'core.v1.ObjectReference',
  'core.v1.ResourceFieldSelector',
  'core.v1.ScopeSelector',
  'core.v1.SecretKeySelector',
  'core.v1.SecretReference',
  'core.v1.TopologySelectorTerm',
  'core.v1.TypedLocalObjectReference',
  'discovery.v1.EndpointPort',
  'networking.v1.ServiceBackendPort',
  'rbac.v1.RoleRef',
  'rbac.v1.Subject',
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference',
];

const anyObject: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const anyValue: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1';
const metrics = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';
const machinery = 'io.k8s.apimachinery.pkg';

/** A kind of `metrics.k8s.io/v1beta1` with what is particular to it. */
function measured(particular: Record<string, Schema>): Schema {
  return {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { $ref: `${machinery}.apis.meta.v1.ObjectMeta` },
      timestamp: { $ref: `${machinery}.apis.meta.v1.Time` },
      window: { type: 'string' },
      ...particular,
    },
    required: ['timestamp', 'window', ...Object.keys(particular)],
  };
}

function listOf(name: string): Schema {
  return {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      items: { type: 'array', items: { $ref: name } },
      kind: { type: 'string' },
      metadata: { $ref: `${machinery}.apis.meta.v1.ListMeta` },
    },
    required: ['items'],
  };
}

const usage: Schema = { type: 'object', additionalProperties: { $ref: `${machinery}.api.resource.Quantity` } };
const containerMetrics: Schema = {
  type: 'object',
  properties: { name: { type: 'string' }, usage },
  required: ['name', 'usage'],
};

/** Definitions that are not objects with fields, and what they are on the wire; those that no model is of. */
export const wholeDefinitions: Record<string, Schema> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': {
    type: 'string',
    format: 'int-or-string',
    'x-kubernetes-int-or-string': true,
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': { type: 'string', format: 'date-time-micro' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': anyObject,
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': anyObject,
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': anyObject,
  'io.k8s.api.core.v1.WorkloadReference': {
    type: 'object',
    properties: { name: { type: 'string' }, podGroup: { type: 'string' }, podGroupReplicaKey: { type: 'string' } },
    required: ['name', 'podGroup'],
  },
  [`${extensions}.JSON`]: anyValue,
  [`${extensions}.JSONSchemaPropsOrArray`]: anyValue,
  [`${extensions}.JSONSchemaPropsOrBool`]: anyValue,
  [`${extensions}.JSONSchemaPropsOrStringArray`]: anyValue,
  [`${metrics}.NodeMetrics`]: measured({ usage }),
  [`${metrics}.NodeMetricsList`]: listOf(`${metrics}.NodeMetrics`),
  [`${metrics}.PodMetrics`]: measured({
    containers: { type: 'array', items: containerMetrics, 'x-kubernetes-list-type': 'atomic' },
  }),
  [`${metrics}.PodMetricsList`]: listOf(`${metrics}.PodMetrics`),
};

/** What is served beside the kinds of `schema/kinds`: bodies of subresources, options, answers, discovery. */
export const furtherRoots: readonly string[] = [
  'io.k8s.api.authentication.v1.TokenRequest',
  'io.k8s.api.autoscaling.v1.Scale',
  'io.k8s.api.policy.v1.Eviction',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroup',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIGroupList',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList',
  'io.k8s.apimachinery.pkg.apis.meta.v1.APIVersions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
  'io.k8s.apimachinery.pkg.apis.meta.v1.WatchEvent',
  'io.k8s.apimachinery.pkg.version.Info',
];

/** Fields that the models have and a v1.35 server does not, by definition as above. */
export const laterFields: Record<string, readonly string[]> = {
  'core.v1.PodSpec': ['schedulingGroup'],
  'core.v1.PodStatus': ['nodeAllocatableResourceClaimStatuses'],
  'core.v1.ResourceHealth': ['message'],
  'core.v1.VolumeMountStatus': ['volumeStatus'],
  'resource.v1.Device': ['nodeAllocatableResourceMappings'],
  'resource.v1.DeviceAttribute': ['bools', 'ints', 'strings', 'versions'],
  'storage.v1.CSIDriverSpec': ['preventPodSchedulingIfMissing'],
  'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta': ['shardInfo'],
};

/** Fields that a v1.35 server has and the models, which are newer, do not any more. */
export const formerFields: Record<string, Record<string, Schema>> = {
  'core.v1.PodSpec': { workloadRef: { $ref: 'io.k8s.api.core.v1.WorkloadReference' } },
};

/** Required fields where v1.35 and the models differ, by definition as above. */
export const requiredFields: Record<string, readonly string[]> = {
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding': [],
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec': [],
  'authentication.v1.TokenRequest': ['spec'],
  'authentication.v1.TokenRequestSpec': ['audiences'],
  'authentication.v1.TokenRequestStatus': ['token', 'expirationTimestamp'],
  'authentication.v1.TokenReviewSpec': [],
  'autoscaling.v1.HorizontalPodAutoscaler': [],
  'autoscaling.v2.HorizontalPodAutoscaler': [],
  'batch.v1.CronJob': [],
  'discovery.v1.EndpointSlice': ['addressType', 'endpoints'],
  'networking.v1.IPAddress': [],
  'policy.v1.PodDisruptionBudgetStatus': ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
  'rbac.v1.RoleRef': ['apiGroup', 'kind', 'name'],
  'scheduling.v1.PriorityClass': ['value'],
};
