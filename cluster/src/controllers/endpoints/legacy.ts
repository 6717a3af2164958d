import { isDeepStrictEqual } from 'node:util';
import { type Endpoints, resources, type Service } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { canonicalJson } from '../hashing.ts';
import { keyOf } from '../status.ts';
import { type Backend, backendsOf, isHeadless } from './select.ts';

/** Marks the Endpoints that are made here, so that those of a person are left alone when their service goes. */
export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const managedBy = 'endpoint-controller';

/** An Endpoints object holds no more; Kubernetes' own limit. */
const capacity = 1000;
const overCapacity = 'endpoints.kubernetes.io/over-capacity';

type Subset = NonNullable<Endpoints['subsets']>[number];

/** What brings the service's Endpoints, the older form of its slices, up to date. */
export function endpointsActions(service: Service, view: View): Action[] {
  const key = keyOf(service);
  const present = view.get(resources.endpoints, key);
  const family = service.spec?.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  const publish = service.spec?.publishNotReadyAddresses === true;
  const all = backendsOf(service, view, family).filter((backend) => publish || !backend.terminating);
  const backends = [...all.filter((each) => each.ready), ...all.filter((each) => !each.ready)].slice(0, capacity);
  const subsets = subsetsOf(backends);
  const labels = {
    ...service.metadata.labels,
    [managedByLabel]: managedBy,
    ...(isHeadless(service) ? { 'service.kubernetes.io/headless': '' } : {}),
  };
  const annotations = all.length > capacity ? { [overCapacity]: 'truncated' } : {};
  if (!present) {
    const metadata = { ...key, labels, ...(all.length > capacity ? { annotations } : {}) };
    const object: Endpoints = { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets };
    return [{ type: 'create', resource: resources.endpoints, object }];
  }
  const same =
    isDeepStrictEqual(present.subsets ?? [], subsets) &&
    isDeepStrictEqual(present.metadata.labels, labels) &&
    present.metadata.annotations?.[overCapacity] === annotations[overCapacity];
  if (same) return [];
  const { [overCapacity]: _, ...others } = present.metadata.annotations ?? {};
  const object = {
    ...present,
    metadata: { ...present.metadata, labels, annotations: { ...others, ...annotations } },
    subsets,
  };
  return [{ type: 'update', resource: resources.endpoints, object }];
}

/** Addresses that share their ports share a subset. */
function subsetsOf(backends: readonly Backend[]): Subset[] {
  const groups = new Map<string, Backend[]>();
  for (const backend of backends) {
    const key = canonicalJson(backend.ports);
    groups.set(key, [...(groups.get(key) ?? []), backend]);
  }
  return [...groups.values()].map((group) => {
    const ready = group.filter((backend) => backend.ready).map(addressOf);
    const notReady = group.filter((backend) => !backend.ready).map(addressOf);
    return {
      ...(ready.length > 0 ? { addresses: ready } : {}),
      ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
      ports: (group[0]?.ports ?? []).map(({ name, ...port }) => (name === '' ? port : { name, ...port })),
    };
  });
}

function addressOf({ pod, address }: Backend) {
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const { name, namespace = '', uid = '' } = pod.metadata;
  return {
    ip: address,
    ...(hostname && subdomain ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}
