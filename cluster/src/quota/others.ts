import type { KubeObject, PersistentVolumeClaim, Service } from '@berth/kube/objects';
import { compareQuantities, parseQuantity, type Quantity } from '@berth/kube/quantity';
import { one, zero } from './amounts.ts';
import { matchesValues } from './scopes.ts';
import type { Evaluator, ScopeRequirement, Usage } from './types.ts';

const unit = 1_000_000_000n;
const ofClass = '.storageclass.storage.k8s.io/';
const claimNames = ['persistentvolumeclaims', 'requests.storage'];

/** Claims: how many there are and what they ask for, also by storage class. */
export const claimEvaluator: Evaluator = {
  resource: { group: '', resource: 'persistentvolumeclaims' },
  tracks: (name) =>
    name === 'count/persistentvolumeclaims' ||
    claimNames.some((each) => name === each || name.endsWith(`${ofClass}${each}`)),
  usageOf: (object) => claimUsage(object as PersistentVolumeClaim),
  isInScope: (object, scope) => isClaimInScope(object as PersistentVolumeClaim, scope),
  // Its status tells what was allocated, and which attributes it has.
  isConcerned: ({ operation, subresource }) =>
    subresource === '' || (subresource === 'status' && operation === 'UPDATE'),
};

function claimUsage(claim: PersistentVolumeClaim): Usage {
  const usage: Record<string, Quantity> = { 'count/persistentvolumeclaims': one, persistentvolumeclaims: one };
  const className =
    claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName;
  const storage = storageOf(claim);
  if (storage) usage['requests.storage'] = storage;
  if (!className) return usage;
  usage[`${className}${ofClass}persistentvolumeclaims`] = one;
  if (storage) usage[`${className}${ofClass}requests.storage`] = storage;
  return usage;
}

/** Whole bytes; what was allocated already where that is more than what is asked for now. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const asked = spec?.resources?.requests?.storage;
  if (asked === undefined) return undefined;
  const request = wholeBytes(parseQuantity(String(asked)));
  const allocated = status?.allocatedResources?.storage;
  if (allocated === undefined) return request;
  const present = parseQuantity(String(allocated));
  return compareQuantities(present, request) > 0 ? wholeBytes(present) : request;
}

function wholeBytes(quantity: Quantity): Quantity {
  const rest = quantity.nanos % unit;
  return rest === 0n ? quantity : { ...quantity, nanos: quantity.nanos - rest + unit };
}

function isClaimInScope({ spec, status }: PersistentVolumeClaim, scope: ScopeRequirement): boolean {
  if (scope.scopeName !== 'VolumeAttributesClass') return false;
  const { volumeAttributesClassName: asked } = spec ?? {};
  const { currentVolumeAttributesClassName: current, modifyVolumeStatus } = status ?? {};
  const names = [asked, current, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return matchesValues(
    scope,
    names.flatMap((name) => name || []),
  );
}

const serviceNames = ['count/services', 'services', 'services.nodeports', 'services.loadbalancers'];

/** Services: how many there are, which of them are balanced from outside, and the node ports that they want. */
export const serviceEvaluator: Evaluator = {
  resource: { group: '', resource: 'services' },
  tracks: (name) => serviceNames.includes(name),
  usageOf: (object) => serviceUsage(object as Service),
  isInScope: () => false,
  isConcerned: ({ subresource }) => subresource === '',
};

function serviceUsage({ spec }: Service): Usage {
  const ports = spec?.ports ?? [];
  const isBalanced = spec?.type === 'LoadBalancer';
  // Ports are given out later: it is the intent that counts.
  const opened =
    isBalanced && spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports;
  const count = isBalanced || spec?.type === 'NodePort' ? opened.length : 0;
  return {
    'count/services': one,
    services: one,
    'services.nodeports': parseQuantity(String(count)),
    'services.loadbalancers': isBalanced ? one : zero,
  };
}

/** Names of old, from before everything could be counted. */
const aliases = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets'];

/** Anything else: how many objects there are. */
export function countEvaluator({ group, resource }: { group: string; resource: string }): Evaluator {
  const counted = group === '' ? `count/${resource}` : `count/${resource}.${group}`;
  const names = group === '' && aliases.includes(resource) ? [counted, resource] : [counted];
  const usage: Usage = Object.fromEntries(names.map((name) => [name, one]));
  return {
    resource: { group, resource },
    tracks: (name) => names.includes(name),
    usageOf: (_object: KubeObject) => usage,
    isInScope: () => false,
    isConcerned: ({ operation, subresource }) => operation === 'CREATE' && subresource === '',
  };
}
