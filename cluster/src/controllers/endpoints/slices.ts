import { isDeepStrictEqual } from 'node:util';
import { controllerOf, type EndpointSlice, resources, type Service } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { canonicalJson, suffixOf } from '../hashing.ts';
import { controllerReference } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { type Backend, backendsOf, isHeadless } from './select.ts';

export const managedBy = 'endpointslice-controller.k8s.io';
const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
const serviceLabel = 'kubernetes.io/service-name';

/** Kubernetes' default; a slice may hold a thousand, but each change sends the whole of it to every watcher. */
const largestSlice = 100;

type Endpoint = NonNullable<EndpointSlice['endpoints']>[number];
type Family = 'IPv4' | 'IPv6';

/** What brings a service's EndpointSlices up to date. An endpoint stays in the slice that it is in. */
export function sliceActions(service: Service, view: View): Action[] {
  const families = (service.spec?.ipFamilies ?? ['IPv4']) as readonly Family[];
  const existing = slicesOf(service, view);
  const actions = families.flatMap((family) =>
    familyActions(
      service,
      view,
      family,
      existing.filter((slice) => slice.addressType === family),
    ),
  );
  const foreign = existing.filter((slice) => !families.some((family) => family === slice.addressType));
  return [...actions, ...foreign.map(removal)];
}

/** The slices that we keep for the service. */
export function slicesOf(service: Service, view: View): EndpointSlice[] {
  return view
    .controlledBy(resources.endpointSlices, service.metadata.uid ?? '')
    .filter(({ metadata }) => metadata.labels?.[managedByLabel] === managedBy && !metadata.deletionTimestamp);
}

function familyActions(service: Service, view: View, family: Family, existing: readonly EndpointSlice[]): Action[] {
  // Pods that resolve a named port differently cannot share a slice.
  const groups = new Map<string, Backend[]>();
  for (const backend of backendsOf(service, view, family)) {
    const key = canonicalJson(backend.ports);
    groups.set(key, [...(groups.get(key) ?? []), backend]);
  }
  const actions: Action[] = [];
  const left = new Set(existing);
  for (const [key, backends] of groups) {
    const mine = existing.filter((slice) => canonicalJson(slicePorts(slice)) === key);
    for (const slice of mine) left.delete(slice);
    actions.push(...groupActions(service, view, family, backends, mine));
  }
  // One slice stays, empty, so that the service is known to have no endpoints.
  if (groups.size === 0) {
    const [placeholder] = left;
    if (placeholder) left.delete(placeholder);
    if (placeholder) actions.push(...write(service, placeholder, []));
    else actions.push(creation(service, view, family, [], [], 0));
  }
  return [...actions, ...[...left].map(removal)];
}

function groupActions(
  service: Service,
  view: View,
  family: Family,
  backends: readonly Backend[],
  mine: readonly EndpointSlice[],
): Action[] {
  const waiting = new Map(backends.map((backend) => [backend.pod.metadata.uid ?? backend.address, backend]));
  const kept = mine.map((slice) => ({ slice, endpoints: [] as Endpoint[] }));
  for (const each of kept) {
    for (const endpoint of each.slice.endpoints ?? []) {
      const uid = endpoint.targetRef?.uid ?? '';
      const backend = waiting.get(uid);
      if (!backend) continue;
      each.endpoints.push(endpointOf(backend, view));
      waiting.delete(uid);
    }
  }
  const rest = [...waiting.values()].map((backend) => endpointOf(backend, view));
  // The fullest with room first, so that slices become few.
  for (const each of [...kept].sort((a, b) => b.endpoints.length - a.endpoints.length)) {
    each.endpoints.push(...rest.splice(0, Math.max(0, largestSlice - each.endpoints.length)));
  }
  const actions = kept.flatMap(({ slice, endpoints }) =>
    endpoints.length === 0 ? [removal(slice)] : write(service, slice, endpoints),
  );
  const ports = backends[0]?.ports ?? [];
  for (let at = 0; rest.length > 0; at++) {
    actions.push(creation(service, view, family, rest.splice(0, largestSlice), ports, at));
  }
  return actions;
}

function endpointOf({ pod, address, ready, serving, terminating }: Backend, view: View): Endpoint {
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const zone = nodeName
    ? view.get(resources.nodes, { name: nodeName })?.metadata.labels?.['topology.kubernetes.io/zone']
    : undefined;
  const { name, namespace = '', uid = '' } = pod.metadata;
  return {
    addresses: [address],
    conditions: { ready, serving, terminating },
    ...(hostname && subdomain ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(zone ? { zone } : {}),
  };
}

function slicePorts(slice: EndpointSlice) {
  return (slice.ports ?? []).map(({ name = '', port = 0, protocol = 'TCP', appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));
}

function labelsOf(service: Service): Record<string, string> {
  const { 'service.kubernetes.io/headless': _, ...labels } = service.metadata.labels ?? {};
  return {
    ...labels,
    [managedByLabel]: managedBy,
    [serviceLabel]: service.metadata.name,
    ...(isHeadless(service) ? { 'service.kubernetes.io/headless': '' } : {}),
  };
}

function write(service: Service, slice: EndpointSlice, endpoints: readonly Endpoint[]): Action[] {
  const labels = labelsOf(service);
  if (isDeepStrictEqual(slice.endpoints ?? [], endpoints) && isDeepStrictEqual(slice.metadata.labels, labels))
    return [];
  const object = { ...slice, metadata: { ...slice.metadata, labels }, endpoints };
  return [{ type: 'update', resource: resources.endpointSlices, object }];
}

function removal(slice: EndpointSlice): Action {
  return { type: 'delete', resource: resources.endpointSlices, key: keyOf(slice) };
}

function creation(
  service: Service,
  view: View,
  family: Family,
  endpoints: readonly Endpoint[],
  ports: Backend['ports'],
  at: number,
): Action {
  const { namespace = '', name, uid } = service.metadata;
  let sliceName = '';
  for (let attempt = 0; sliceName === ''; attempt++) {
    const candidate = `${name}-${suffixOf(uid, family, canonicalJson(ports), at, attempt)}`;
    const taken = view.get(resources.endpointSlices, { namespace, name: candidate });
    if (!taken) sliceName = candidate;
  }
  const object: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service)],
    },
    addressType: family,
    endpoints: [...endpoints],
    ports: ports.map((port) => ({ ...port })),
  };
  return { type: 'create', resource: resources.endpointSlices, object };
}

/** The service whose slice this is. */
export function serviceOf(slice: EndpointSlice): string | undefined {
  const owner = controllerOf(slice);
  return owner?.kind === 'Service' ? owner.name : slice.metadata.labels?.[serviceLabel];
}
