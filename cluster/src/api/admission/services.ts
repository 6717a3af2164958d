import { isIPv4 } from 'node:net';
import type { ErrorCause } from '@berth/kube/errors';
import type { Service } from '@berth/kube/objects';
import { invalid } from '../faults.ts';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { Allocation, ipv4Number, ipv4Range, ipv4Text } from './allocation.ts';

export interface ServiceRanges {
  serviceRange: string;
  nodePorts: { from: number; to: number };
}

type Spec = NonNullable<Service['spec']>;
/** Addresses below this offset are for those who ask for one: `kubernetes`, DNS. */
const reservedAddresses = 32;
const prefix = resourcePrefix('', 'services');

/** Gives services their cluster address and node ports, and takes them back when a service goes. */
export function serviceAddresses(storage: ObjectStorage, ranges: ServiceRanges): AdmissionPlugin {
  const range = ipv4Range(ranges.serviceRange);
  const addresses = new Allocation({ ...range, start: range.from + reservedAddresses, shown: ranges.serviceRange });
  const { from, to } = ranges.nodePorts;
  const ports = new Allocation({
    from,
    to,
    start: from + Math.floor(Math.random() * (to - from + 1)),
    shown: `${from}-${to}`,
  });
  for (const { object } of storage.list(prefix)) {
    for (const address of addressesOf((object as Service).spec)) addresses.take(address);
    for (const port of nodePortsOf((object as Service).spec)) ports.take(port);
  }
  storage.listen(prefix, (event) => {
    if (event.type !== 'delete') return;
    for (const address of addressesOf((event.object.object as Service).spec)) addresses.release(address);
    for (const port of nodePortsOf((event.object.object as Service).spec)) ports.release(port);
  });

  return {
    name: 'ServiceAddresses',
    resources: ['/services'],
    complete(request) {
      if (request.operation === 'DELETE' || request.subresource !== '') return;
      const service = request.object as Service;
      const before = (request.old as Service | undefined)?.spec;
      if (!service.spec) return;
      if (before) {
        dropForType(service.spec, before);
        keepAllocated(service.spec, before);
      }
      allocateAddress(addresses, request, service.spec, before);
      allocatePorts(ports, request, service.spec, before);
    },
  };
}

/** What was for the type that a service had, and nobody changed with it, goes with the type. */
function dropForType(spec: Spec, before: Spec): void {
  const isOpen = (of: Spec) =>
    of.type === 'LoadBalancer' ||
    of.type === 'NodePort' ||
    (of.type === 'ClusterIP' && (of.externalIPs ?? []).length > 0);
  const isBalanced = (of: Spec) => of.type === 'LoadBalancer';
  const isChecked = (of: Spec) => isBalanced(of) && of.externalTrafficPolicy === 'Local';
  const had = [
    [isChecked, 'healthCheckNodePort'],
    [isBalanced, 'allocateLoadBalancerNodePorts'],
    [isBalanced, 'loadBalancerClass'],
    [isOpen, 'externalTrafficPolicy'],
  ] as const;
  for (const [needs, field] of had) {
    if (needs(before) && !needs(spec) && spec[field] === before[field]) delete spec[field];
  }
}

/** A client that replaces a service need not repeat what the server gave. */
function keepAllocated(spec: Spec, before: Spec): void {
  const stays = spec.type !== 'ExternalName' && before.type !== 'ExternalName';
  if (stays && !spec.clusterIP && before.clusterIP) {
    spec.clusterIP = before.clusterIP;
    if (before.clusterIPs) spec.clusterIPs = [...before.clusterIPs];
  }
  if (stays) {
    spec.ipFamilies ??= before.ipFamilies as never;
    spec.ipFamilyPolicy ??= before.ipFamilyPolicy as never;
  }
  if (!takesNodePorts(spec)) return;
  for (const port of spec.ports ?? []) {
    const same = before.ports?.find((one) => one.port === port.port && one.protocol === port.protocol);
    if (!port.nodePort && same?.nodePort) port.nodePort = same.nodePort;
  }
}

function allocateAddress(addresses: Allocation, request: AdmissionRequest, spec: Spec, before: Spec | undefined): void {
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) delete spec[field];
    releaseWhenKept(addresses, request, addressesOf(before), []);
    return;
  }
  spec.clusterIP ||= spec.clusterIPs?.[0] ?? '';
  if (spec.clusterIP === '') {
    const free = addresses.takeAny();
    if (free === undefined) throw refuse(request, 'spec.clusterIPs[0]', 'Internal error: no service address is free');
    spec.clusterIP = ipv4Text(free);
    releaseWhenLost(addresses, request, free);
  } else if (spec.clusterIP !== 'None' && spec.clusterIP !== before?.clusterIP) {
    takeAsked(addresses, request, spec.clusterIP);
  }
  spec.clusterIPs = [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  releaseWhenKept(addresses, request, addressesOf(before), addressesOf(spec));
}

function takeAsked(addresses: Allocation, request: AdmissionRequest, address: string): void {
  const value = isIPv4(address) ? ipv4Number(address) : Number.NaN;
  const field = 'spec.clusterIPs';
  if (!addresses.has(value)) {
    const why = `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${addresses.shown}`;
    const message = `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: ${why}`;
    throw refuse(request, field, message);
  }
  if (!addresses.take(value)) {
    const message = `Invalid value: ${JSON.stringify([address])}: failed to allocate IP ${address}: provided IP is already allocated`;
    throw refuse(request, field, message);
  }
  releaseWhenLost(addresses, request, value);
}

function allocatePorts(ports: Allocation, request: AdmissionRequest, spec: Spec, before: Spec | undefined): void {
  const held = new Set(nodePortsOf(before));
  const wanted = takesNodePorts(spec);
  const mine = new Set<number>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    if (!wanted) {
      delete port.nodePort;
      continue;
    }
    if (port.nodePort) {
      // Two protocols may share a number, as DNS does.
      if (!held.has(port.nodePort) && !mine.has(port.nodePort)) takePort(ports, request, port.nodePort, index);
    } else {
      const free = ports.takeAny();
      if (free === undefined)
        throw refuse(request, `spec.ports[${index}].nodePort`, 'Internal error: no node port is free');
      releaseWhenLost(ports, request, free);
      port.nodePort = free;
    }
    mine.add(port.nodePort);
  }
  releaseWhenKept(ports, request, [...held], [...mine]);
}

function takePort(ports: Allocation, request: AdmissionRequest, port: number, index: number): void {
  const field = `spec.ports[${index}].nodePort`;
  if (!ports.has(port)) {
    const why = `provided port is not in the valid range. The range of valid ports is ${ports.shown}`;
    throw refuse(request, field, `Invalid value: ${port}: ${why}`);
  }
  if (!ports.take(port)) throw refuse(request, field, `Invalid value: ${port}: provided port is already allocated`);
  releaseWhenLost(ports, request, port);
}

function takesNodePorts(spec: Spec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

function releaseWhenLost(allocation: Allocation, request: AdmissionRequest, value: number): void {
  request.settled.push((kept) => {
    if (!kept) allocation.release(value);
  });
}

function releaseWhenKept(allocation: Allocation, request: AdmissionRequest, before: number[], after: number[]): void {
  const given = before.filter((value) => !after.includes(value));
  if (given.length === 0) return;
  request.settled.push((kept) => {
    if (kept) for (const value of given) allocation.release(value);
  });
}

function addressesOf(spec: Spec | undefined): number[] {
  return spec?.clusterIP && isIPv4(spec.clusterIP) ? [ipv4Number(spec.clusterIP)] : [];
}

function nodePortsOf(spec: Spec | undefined): number[] {
  return (spec?.ports ?? []).flatMap((port) => port.nodePort ?? []);
}

function refuse(request: AdmissionRequest, field: string, message: string) {
  const cause: ErrorCause = { reason: 'FieldValueInvalid', message, field };
  return invalid({ group: '', kind: 'Service' }, request.name, [cause]);
}
