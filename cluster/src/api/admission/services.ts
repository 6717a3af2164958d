import { randomInt } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { ErrorCause } from '@berth/kube/errors';
import type { Service } from '@berth/kube/objects';
import { invalidError, readAddress } from '@berth/kube/schema';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import { Allocation, ipv4Number, ipv4Range, ipv4Text, staticBand } from './allocation.ts';
import { completeFamilies } from './service-families.ts';

export interface ServiceRanges {
  serviceRange: string;
  nodePorts: { from: number; to: number };
}

type Spec = NonNullable<Service['spec']>;
const prefix = resourcePrefix('', 'services');

/** Gives services their cluster address and node ports, and takes them back when a service goes. */
export function serviceAddresses(storage: ObjectStorage, ranges: ServiceRanges): AdmissionPlugin {
  const addressRange = ipv4Range(ranges.serviceRange);
  const addresses = new Allocation({
    ...addressRange,
    // The network's own address and that of all count among those of a range.
    reserved: staticBand(addressRange.to - addressRange.from + 3, { least: 16, most: 256, share: 16 }),
    shown: ranges.serviceRange,
  });
  const { from, to } = ranges.nodePorts;
  const size = to - from + 1;
  const reserved = staticBand(size, { least: 16, most: 128, share: 32 });
  const ports = new Allocation({ from, to, reserved, shown: `${from}-${to}` }, randomInt(size - reserved));
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
      const causes = completeFamilies(service, request.old as Service | undefined);
      if (causes.length > 0) throw invalidError({ group: '', kind: 'Service' }, request.name, causes);
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
    [hasAddress, ['clusterIP', 'clusterIPs']],
    [hasAddress, ['ipFamilies']],
    [hasAddress, ['ipFamilyPolicy']],
    [hasAddress, ['internalTrafficPolicy']],
    [isChecked, ['healthCheckNodePort']],
    [isBalanced, ['allocateLoadBalancerNodePorts']],
    [isBalanced, ['loadBalancerClass']],
    [isOpen, ['externalTrafficPolicy']],
  ] as const;
  for (const [needs, fields] of had) {
    if (!needs(before) || needs(spec)) continue;
    if (fields.every((field) => isDeepStrictEqual(spec[field], before[field]))) {
      for (const field of fields) delete spec[field];
    }
  }
  if (!hasNodePorts(before) || hasNodePorts(spec)) return;
  const held = new Set(nodePortsOf(before));
  if ((spec.ports ?? []).every(({ nodePort }) => !nodePort || held.has(nodePort))) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
}

/** A client that replaces a service need not repeat what the server gave. */
function keepAllocated(spec: Spec, before: Spec): void {
  if (hasAddress(spec) && hasAddress(before)) {
    const asked = spec.clusterIP;
    if (!asked && before.clusterIP) spec.clusterIP = before.clusterIP;
    // Who knows only the one field, or changed only that, means both.
    const all = spec.clusterIPs ?? [];
    if (all.length === 0 || isDeepStrictEqual(all, before.clusterIPs)) {
      const same = spec.clusterIP === before.clusterIP || !spec.clusterIP;
      const kept = same ? before.clusterIPs : [spec.clusterIP as string];
      if (kept) spec.clusterIPs = [...kept];
    }
  }
  if (!takesNodePorts(spec) || !takesNodePorts(before)) return;
  const wanted = new Set(nodePortsOf(spec));
  const used = new Set(nodePortsOf(before).filter((port) => wanted.has(port)));
  const byName = new Map((before.ports ?? []).map((port) => [port.name ?? '', port.nodePort]));
  for (const port of spec.ports ?? []) {
    const had = byName.get(port.name ?? '');
    if (!port.nodePort && had && !used.has(had)) port.nodePort = had;
  }
}

/** Gives a service its address when it gets one for the first time; afterwards it keeps it, which validation sees to. */
function allocateAddress(addresses: Allocation, request: AdmissionRequest, spec: Spec, before: Spec | undefined): void {
  if (!hasAddress(spec)) {
    releaseWhenKept(addresses, request, addressesOf(before), []);
    return;
  }
  if (before && hasAddress(before)) return;
  if (spec.clusterIP === 'None') return;
  if (spec.clusterIP) {
    takeAsked(addresses, request, spec.clusterIP);
    return;
  }
  const free = addresses.takeAny();
  if (free === undefined) throw refuse(request, 'spec.clusterIPs[0]', 'Internal error: no service address is free');
  spec.clusterIP = ipv4Text(free);
  spec.clusterIPs = [spec.clusterIP];
  releaseWhenLost(addresses, request, free);
}

function takeAsked(addresses: Allocation, request: AdmissionRequest, address: string): void {
  const value = numberOf(address);
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
  const given = spec.ports ?? [];
  const mine = new Map<number, number>();
  if (!before && takesNodePorts(spec)) checkRoom(ports, request, given);
  // The number that each port has so far.
  const known = new Map<number, number>();
  for (const { port, nodePort } of [...given].reverse()) if (nodePort) known.set(port, nodePort);
  for (const [index, port] of hasNodePorts(spec) ? given.entries() : []) {
    // Two protocols at one port of a new service have one number, as DNS does.
    if (!port.nodePort && !before) {
      const same = known.get(port.port);
      if (same) port.nodePort = same;
    }
    if (!port.nodePort && !takesNodePorts(spec)) continue;
    if (port.nodePort) {
      const shares = mine.has(port.nodePort) && (before !== undefined || mine.get(port.nodePort) === port.port);
      if (!held.has(port.nodePort) && !shares) takePort(ports, request, port.nodePort, index);
    } else {
      const free = ports.takeAny();
      if (free === undefined) throw noPortFree(request, index);
      releaseWhenLost(ports, request, free);
      port.nodePort = free;
    }
    mine.set(port.nodePort, port.port);
    known.set(port.port, port.nodePort);
  }
  releaseWhenKept(ports, request, [...held], [...mine.keys()]);
}

/** Of more ports than are free, none is taken: the first that finds none is told. */
function checkRoom(ports: Allocation, request: AdmissionRequest, given: NonNullable<Spec['ports']>): void {
  const numbered = new Set(given.flatMap(({ port, nodePort }) => (nodePort ? port : [])));
  const wanting = new Set<number>();
  for (const [index, { port, nodePort }] of given.entries()) {
    if (!nodePort && !numbered.has(port)) wanting.add(port);
    if (wanting.size > ports.free) throw noPortFree(request, index);
  }
}

function noPortFree(request: AdmissionRequest, index: number) {
  return refuse(request, `spec.ports[${index}].nodePort`, 'Internal error: no node port is free');
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

const hasAddress = (spec: Spec) => spec.type !== 'ExternalName';
const hasNodePorts = (spec: Spec) => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
/** Whether ports get a number that ask for none. */
const takesNodePorts = (spec: Spec) =>
  hasNodePorts(spec) && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false);

function releaseWhenLost(allocation: Allocation, request: AdmissionRequest, value: number): void {
  request.settled.push((kept) => {
    if (!kept) allocation.release(value);
  });
}

function releaseWhenKept(allocation: Allocation, request: AdmissionRequest, before: number[], after: number[]): void {
  const kept = new Set(after);
  const given = before.filter((value) => !kept.has(value));
  if (given.length === 0) return;
  request.settled.push((kept) => {
    if (kept) for (const value of given) allocation.release(value);
  });
}

function addressesOf(spec: Spec | undefined): number[] {
  const value = numberOf(spec?.clusterIP ?? '');
  return Number.isNaN(value) ? [] : [value];
}

/** NaN for what is no IPv4 address. */
function numberOf(address: string): number {
  const plain = readAddress(address) ?? '';
  return isIPv4(plain) ? ipv4Number(plain) : Number.NaN;
}

function nodePortsOf(spec: Spec | undefined): number[] {
  return spec && hasNodePorts(spec) ? (spec.ports ?? []).flatMap((port) => port.nodePort ?? []) : [];
}

function refuse(request: AdmissionRequest, field: string, message: string) {
  const cause: ErrorCause = { reason: 'FieldValueInvalid', message, field };
  return invalidError({ group: '', kind: 'Service' }, request.name, [cause]);
}
