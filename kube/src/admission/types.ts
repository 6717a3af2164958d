import { type CelType, celTypes } from '../cel/index.ts';

const { bool, dyn, int, list, map, object, string, timestamp } = celTypes;

const kind = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string });
const resource = object('kubernetes.GroupVersionResource', { group: string, version: string, resource: string });

/** `request`: `admission.k8s.io/v1` AdmissionRequest without its objects. */
export const requestType: CelType = object('kubernetes.AdmissionRequest', {
  kind,
  resource,
  subResource: string,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo: object('kubernetes.UserInfo', {
    username: string,
    uid: string,
    groups: list(string),
    extra: map(string, list(string)),
  }),
  dryRun: bool,
  options: dyn,
});

/** `namespaceObject`: the namespace that the object is in, as far as Kubernetes shows it to expressions. */
export const namespaceType: CelType = object('kubernetes.Namespace', {
  metadata: object('kubernetes.NamespaceMetadata', {
    name: string,
    generateName: string,
    namespace: string,
    labels: map(string, string),
    annotations: map(string, string),
    UID: string,
    creationTimestamp: timestamp,
    deletionGracePeriodSeconds: int,
    deletionTimestamp: timestamp,
    generation: int,
    resourceVersion: string,
    finalizers: list(string),
  }),
  spec: object('kubernetes.NamespaceSpec', { finalizers: list(string) }),
  status: object('kubernetes.NamespaceStatus', {
    conditions: list(
      object('kubernetes.NamespaceCondition', {
        status: string,
        type: string,
        lastTransitionTime: timestamp,
        message: string,
        reason: string,
      }),
    ),
    phase: string,
  }),
});

export const authorizerType: CelType = celTypes.opaque('kubernetes.authorization.Authorizer');
export const resourceCheckType: CelType = celTypes.opaque('kubernetes.authorization.ResourceCheck');

/** The type of a policy's own variable as other expressions see it: what is neither plain nor a list or map is `dyn`. */
export function composedType(type: CelType): CelType {
  switch (type.kind) {
    case 'list':
      return list(composedType(type.element));
    case 'map':
      return map(composedType(type.key), composedType(type.value));
    case 'object':
    case 'opaque':
    case 'type':
    case 'param':
    case 'error':
      return dyn;
    default:
      return type;
  }
}
