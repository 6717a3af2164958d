import { BerthError } from '@berth/kube/errors';
import type { KubeObject, Pod } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import { badRequest, notFound } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { checkProxyable, proxiedName } from './address.ts';
import type { ProxyTarget } from './target.ts';

type Place = Pick<ProxyTarget, 'host' | 'port' | 'tls'>;

interface Service {
  spec?: { ports?: readonly { name?: string; port: number }[] };
}

interface Slice {
  metadata: { labels?: Readonly<Record<string, string>> };
  endpoints?: readonly { addresses: readonly string[]; nodeName?: string; conditions?: { ready?: boolean } }[];
  ports?: readonly { name?: string; port?: number }[];
}

interface Node {
  status?: {
    addresses?: readonly { type: string; address: string }[];
    daemonEndpoints?: { kubeletEndpoint?: { Port?: number } };
  };
}

const slices = resourcePrefix('discovery.k8s.io', 'endpointslices');
const nodesPrefix = resourcePrefix('', 'nodes');
const kubeletPort = 10_250;
/** On nodes that only pretend: their addresses, and those of their pods, lead nowhere, or to somebody else. */
const simulatedLabel = 'berth.dev/simulated';

/**
 * Where a call for `proxy` goes: the pod's own address, a ready endpoint of the service, the node's. Certificates there
 * are not checked, as in Kubernetes: nobody says who should have signed them. Throws `NotFound`, `BadRequest`, and
 * `ServiceUnavailable` when there is nothing to go to.
 */
export function locate(storage: ObjectStorage, call: Call): Place {
  switch (call.kind.description.resource) {
    case 'pods':
      return podPlace(storage, call);
    case 'services':
      return servicePlace(storage, call);
    default:
      return nodePlace(storage, call);
  }
}

function podPlace(storage: ObjectStorage, call: Call): Place {
  const { scheme, name, port } = proxiedName(call.name, 'pod');
  const { spec, status } = found(storage, call, name) as Pod;
  const declared = (spec?.containers ?? []).find(({ ports }) => (ports?.length ?? 0) > 0)?.ports?.[0]?.containerPort;
  const host = status?.podIPs?.[0]?.ip ?? status?.podIP;
  checkProxyable(host);
  checkReal(storage, spec?.nodeName);
  return { host, port: port === '' ? (declared ?? usual(scheme)) : number(port, call.name, 'pod'), ...over(scheme) };
}

function servicePlace(storage: ObjectStorage, call: Call): Place {
  const { scheme, name, port } = proxiedName(call.name, 'service');
  const { spec } = found(storage, call, name) as unknown as Service;
  let portName = port;
  if (/^\d+$/.test(port)) {
    const named = spec?.ports?.find((one) => one.port === Number(port));
    if (!named) throw unavailable(`no service port ${port} found for service "${name}"`);
    portName = named.name ?? '';
  }
  const ready = storage.list(`${slices}${call.namespace}/`).flatMap(({ object }) => {
    const { metadata, endpoints = [], ports = [] } = object as unknown as Slice;
    if (metadata.labels?.['kubernetes.io/service-name'] !== name) return [];
    const to = ports.find((one) => (one.name ?? '') === portName)?.port;
    if (to === undefined) return [];
    const alive = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    return alive.flatMap(({ addresses: [host], nodeName }) =>
      host === undefined ? [] : [{ host, port: to, nodeName }],
    );
  });
  const chosen = ready[Math.floor(Math.random() * ready.length)];
  if (!chosen) throw unavailable(`no endpoints available for service "${call.name}"`);
  const { host, port: to, nodeName } = chosen;
  checkProxyable(host);
  checkReal(storage, nodeName);
  return { host, port: to, ...over(scheme) };
}

/** The node whose agent's own port a call is for. Throws `NotFound`. */
export function agentOf(storage: ObjectStorage, call: Call): string | undefined {
  if (call.kind.description.resource !== 'nodes') return undefined;
  const { name, port } = proxiedName(call.name, 'node');
  const { status } = found(storage, call, name) as unknown as Node;
  const agent = status?.daemonEndpoints?.kubeletEndpoint?.Port || kubeletPort;
  return port === '' || Number(port) === agent ? name : undefined;
}

function nodePlace(storage: ObjectStorage, call: Call): Place {
  const { scheme, name, port } = proxiedName(call.name, 'node');
  const { status } = found(storage, call, name) as unknown as Node;
  const addresses = status?.addresses ?? [];
  const host = ['InternalIP', 'ExternalIP'].flatMap((type) => addresses.filter((one) => one.type === type))[0]?.address;
  if (host === undefined) throw unavailable(`no preferred addresses found; known addresses: []`);
  checkProxyable(host);
  checkReal(storage, name);
  const agent = status?.daemonEndpoints?.kubeletEndpoint?.Port || kubeletPort;
  const to = port === '' ? agent : number(port, call.name, 'node');
  return { host, port: to, ...over(to === agent ? 'https' : scheme) };
}

/** Throws `ServiceUnavailable` for a node that does not exist but in the store. */
function checkReal(storage: ObjectStorage, nodeName: string | undefined): void {
  const node = nodeName === undefined ? undefined : storage.get(objectKey(nodesPrefix, undefined, nodeName));
  if (node?.object.metadata.labels?.[simulatedLabel] === undefined) return;
  throw unavailable(`error trying to reach service: node ${nodeName} runs no containers that can be reached`);
}

function found(storage: ObjectStorage, { kind, namespace }: Call, name: string): KubeObject {
  const stored = storage.get(objectKey(kind.prefix, namespace || undefined, name));
  if (!stored) throw notFound(kind.description, name);
  return stored.object;
}

function number(port: string, whole: string, what: string): number {
  const value = Number(port);
  if (!/^\d+$/.test(port) || value < 1 || value > 65_535) {
    throw badRequest(`invalid ${what} request ${JSON.stringify(whole)}`);
  }
  return value;
}

function over(scheme: 'http' | 'https'): Pick<ProxyTarget, 'tls'> {
  return scheme === 'https' ? { tls: { insecure: true } } : {};
}

function usual(scheme: 'http' | 'https'): number {
  return scheme === 'https' ? 443 : 80;
}

function unavailable(message: string): BerthError {
  return new BerthError('ServiceUnavailable', message);
}
