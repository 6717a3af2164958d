import type { KubeObject } from '@berth/kube/objects';
import { addQuantities, formatQuantity, parseQuantity } from '@berth/kube/quantity';
import { duration } from '../duration.ts';
import type { Cells } from './cell.ts';
import { at, count, list, none, number, orNone, selector, text, texts } from './reading.ts';

const bindingCells: Cells = {
  Role: (object) => `${text(object, 'roleRef', 'kind')}/${text(object, 'roleRef', 'name')}`,
  Users: (object) => subjects(object, 'User'),
  Groups: (object) => subjects(object, 'Group'),
  ServiceAccounts: (object) =>
    list(object, 'subjects')
      .filter((one) => one.kind === 'ServiceAccount')
      .map((one) => `${text(one, 'namespace')}/${text(one, 'name')}`)
      .join(', '),
};

const queuing = ['spec', 'limited', 'limitResponse', 'queuing'];

/** Kinds of the smaller groups. */
export const otherCells: Readonly<Record<string, Cells>> = {
  'rbac.authorization.k8s.io/RoleBinding': bindingCells,
  'rbac.authorization.k8s.io/ClusterRoleBinding': bindingCells,
  'discovery.k8s.io/EndpointSlice': {
    Ports: (slice) =>
      first(
        list(slice, 'ports').map((port) => text(port, 'port') || (port.name === undefined ? '*' : text(port, 'name'))),
        '<unset>',
      ),
    Endpoints: (slice) =>
      first(
        list(slice, 'endpoints').flatMap((one) => texts(one, 'addresses')),
        '<unset>',
      ),
  },
  'networking.k8s.io/Ingress': {
    Class: (ingress) =>
      orNone(
        text(ingress, 'spec', 'ingressClassName') ||
          (ingress.metadata.annotations?.['kubernetes.io/ingress.class'] ?? ''),
      ),
    Hosts: (ingress) =>
      first(
        list(ingress, 'spec', 'rules')
          .map((rule) => text(rule, 'host'))
          .filter(Boolean),
        '*',
      ),
    Address: (ingress) =>
      list(ingress, 'status', 'loadBalancer', 'ingress')
        .map((one) => text(one, 'ip') || text(one, 'hostname'))
        .join(','),
    Ports: (ingress) => (count(ingress, 'spec', 'tls') > 0 ? '80, 443' : '80'),
  },
  'networking.k8s.io/IngressClass': {
    Parameters: (object) => {
      const parameters = at(object, 'spec', 'parameters');
      if (!parameters) return none;
      const group = text(parameters, 'apiGroup');
      return `${text(parameters, 'kind')}${group === '' ? '' : `.${group}`}/${text(parameters, 'name')}`;
    },
  },
  'metrics.k8s.io/NodeMetrics': {
    cpu: (node) => text(node, 'usage', 'cpu'),
    memory: (node) => text(node, 'usage', 'memory'),
  },
  'metrics.k8s.io/PodMetrics': { cpu: (pod) => used(pod, 'cpu'), memory: (pod) => used(pod, 'memory') },
  'networking.k8s.io/NetworkPolicy': { 'Pod-Selector': (object) => selector(at(object, 'spec', 'podSelector')) },
  'networking.k8s.io/ServiceCIDR': { CIDRs: (object) => texts(object, 'spec', 'cidrs').join(',') },
  'networking.k8s.io/IPAddress': {
    ParentRef: (object) => {
      const parent = at(object, 'spec', 'parentRef');
      const parts = [text(parent, 'resource'), text(parent, 'namespace'), text(parent, 'name')];
      return parts.filter(Boolean).join('/');
    },
  },
  'storage.k8s.io/StorageClass': {
    Name: (object) => (isDefaultClass(object) ? `${object.metadata.name} (default)` : object.metadata.name),
    ReclaimPolicy: (object) => text(object, 'reclaimPolicy') || 'Delete',
    VolumeBindingMode: (object) => text(object, 'volumeBindingMode') || 'Immediate',
    AllowVolumeExpansion: (object) => object.allowVolumeExpansion === true,
  },
  'storage.k8s.io/CSINode': { Drivers: (object) => count(object, 'spec', 'drivers') },
  'storage.k8s.io/CSIDriver': {
    TokenRequests: (object) =>
      list(object, 'spec', 'tokenRequests')
        .map((one) => text(one, 'audience'))
        .join(',') || '<unset>',
    RequiresRepublish: (object) => at(object, 'spec', 'requiresRepublish') === true,
    Modes: (object) => texts(object, 'spec', 'volumeLifecycleModes').join(','),
  },
  'certificates.k8s.io/CertificateSigningRequest': {
    RequestedDuration: (object) => {
      const seconds = number(object, 'spec', 'expirationSeconds');
      return seconds > 0 ? duration(seconds * 1000) : none;
    },
    Condition: (object) => {
      const types = list(object, 'status', 'conditions').map((one) => text(one, 'type'));
      const decided = types.filter((type) => type !== 'Approved' && type !== 'Denied');
      const issued = text(object, 'status', 'certificate') === '' ? [] : ['Issued'];
      const said = [...types.filter((type) => type === 'Approved' || type === 'Denied'), ...decided, ...issued];
      return said.join(',') || 'Pending';
    },
  },
  'admissionregistration.k8s.io/MutatingWebhookConfiguration': { Webhooks: (object) => count(object, 'webhooks') },
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration': { Webhooks: (object) => count(object, 'webhooks') },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicy': {
    Validations: (object) => count(object, 'spec', 'validations'),
    ParamKind: (object) => {
      const kind = at(object, 'spec', 'paramKind');
      return kind ? `${text(kind, 'apiVersion')}/${text(kind, 'kind')}` : '<unset>';
    },
  },
  'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding': { ParamRef: paramRef },
  'admissionregistration.k8s.io/MutatingAdmissionPolicy': {
    Mutations: (object) => count(object, 'spec', 'mutations'),
    ParamKind: paramKind,
  },
  'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding': { ParamRef: paramRef },
  'apiregistration.k8s.io/APIService': {
    Service: (object) => {
      const service = at(object, 'spec', 'service');
      return service ? `${text(service, 'namespace')}/${text(service, 'name')}` : 'Local';
    },
    Available: (object) => {
      const available = list(object, 'status', 'conditions').find((one) => one.type === 'Available');
      if (!available) return 'Unknown';
      return available.status === 'True' ? 'True' : `${text(available, 'status')} (${text(available, 'reason')})`;
    },
  },
  'flowcontrol.apiserver.k8s.io/FlowSchema': {
    MatchingPrecedence: (object) => number(object, 'spec', 'matchingPrecedence'),
    DistinguisherMethod: (object) => orNone(text(object, 'spec', 'distinguisherMethod', 'type')),
    MissingPL: (object) => {
      const dangling = list(object, 'status', 'conditions').find((one) => one.type === 'Dangling');
      return text(dangling, 'status') || '?';
    },
  },
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': {
    NominalConcurrencyShares: (object) => at(object, 'spec', 'limited', 'nominalConcurrencyShares') ?? none,
    Queues: (object) => at(object, ...queuing, 'queues') ?? none,
    HandSize: (object) => at(object, ...queuing, 'handSize') ?? none,
    QueueLengthLimit: (object) => at(object, ...queuing, 'queueLengthLimit') ?? none,
  },
  'resource.k8s.io/ResourceClaim': {
    State: (object) => {
      if (object.metadata.deletionTimestamp) return 'deleted';
      const allocated = at(object, 'status', 'allocation') !== undefined;
      const reserved = count(object, 'status', 'reservedFor') > 0;
      return allocated ? (reserved ? 'allocated,reserved' : 'allocated') : 'pending';
    },
  },
};

/** Of all containers of a PodMetrics together. */
function used(pod: KubeObject, resource: string): string {
  const amounts = list(pod, 'containers').map((container) => parseQuantity(text(container, 'usage', resource) || '0'));
  return formatQuantity(amounts.reduce((sum, one) => addQuantities(sum, one), parseQuantity('0')));
}

function paramKind(object: KubeObject): string {
  const kind = at(object, 'spec', 'paramKind');
  return kind ? `${text(kind, 'apiVersion')}/${text(kind, 'kind')}` : '<unset>';
}

/** Whether the parameter is in a namespace cannot be seen from here: one without is shown as being in any. */
function paramRef(object: KubeObject): string {
  const ref = at(object, 'spec', 'paramRef');
  const name = text(ref, 'name');
  if (name !== '') return `${text(ref, 'namespace') || '*'}/${name}`;
  const selected = at(ref, 'selector');
  return selected === undefined ? '<unset>' : goSelector(selected);
}

/** A label selector as Go prints one, which is what Kubernetes shows here. */
function goSelector(value: unknown): string {
  const pairs = Object.entries((at(value, 'matchLabels') ?? {}) as Record<string, string>)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, label]) => `${key}: ${label},`);
  const expressions = list(value, 'matchExpressions').map(
    (one) =>
      `LabelSelectorRequirement{Key:${text(one, 'key')},Operator:${text(one, 'operator')},Values:[${texts(one, 'values').join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${pairs.join('')}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join('')}},}`;
}

function isDefaultClass({ metadata: { annotations = {} } }: KubeObject): boolean {
  const names = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
  return names.some((name) => annotations[name] === 'true');
}

function subjects(object: KubeObject, kind: string): string {
  return list(object, 'subjects')
    .filter((one) => one.kind === kind)
    .map((one) => text(one, 'name'))
    .join(', ');
}

/** The first three of many. */
function first(all: readonly string[], empty: string): string {
  const joined = all.slice(0, 3).join(',');
  return all.length > 3 ? `${joined} + ${all.length - 3} more...` : joined || empty;
}
