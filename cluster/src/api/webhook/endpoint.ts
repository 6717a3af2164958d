import { BerthError } from '@berth/kube/errors';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** Where a webhook or an aggregated API answers: `url`, or a service. Source: `admissionregistration.k8s.io/v1`. */
export interface ClientConfig {
  /** `https://host[:port]/path`. */
  url?: string;
  service?: ServiceReference;
  /** PEM of the authorities that its certificate may come from, in base64. Without it: those of the system. */
  caBundle?: string;
}

export interface ServiceReference {
  namespace: string;
  name: string;
  path?: string;
  /** Default: 443. */
  port?: number;
}

/** What a `ClientConfig` leads to at this moment. */
export interface Endpoint {
  /** What it is called, as errors show it and as the `Host` header says it: `https://name.namespace.svc:443`. */
  origin: string;
  /** Path and query; begins with a slash. */
  path: string;
  /** Where the connection goes. */
  address: Address;
  /** PEM; undefined for the system's authorities. The certificate must bear the host of `origin`. */
  ca: string | undefined;
}

export interface Address {
  host: string;
  port: number;
}

interface Service {
  spec?: {
    type?: string;
    externalName?: string;
    ports?: readonly { name?: string; port: number; targetPort?: number | string }[];
  };
}

interface Slice {
  metadata: { labels?: Readonly<Record<string, string>> };
  addressType?: string;
  endpoints?: readonly { addresses: readonly string[]; conditions?: { ready?: boolean }; nodeName?: string }[];
  ports?: readonly { name?: string; port?: number }[];
}

const services = resourcePrefix('', 'services');
const nodes = resourcePrefix('', 'nodes');
const slices = resourcePrefix('discovery.k8s.io', 'endpointslices');

/** Finds webhooks: services by the ready endpoints that their EndpointSlices name, each in turn. */
export class Endpoints {
  readonly #storage: ObjectStorage;
  #turn = 0;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /**
   * The name of `config`, and how to find its address, which may fail: what then went wrong is told with the name.
   * Throws `ServiceUnavailable` for what is no `https` URL.
   */
  named(config: ClientConfig): Omit<Endpoint, 'address'> & { address(): Address } {
    const { service, caBundle } = config;
    const ca = caBundle ? Buffer.from(caBundle, 'base64').toString() : undefined;
    if (service) return { ...serviceName(service), ca, address: () => this.addressOf(service) };
    const url = config.url !== undefined && URL.canParse(config.url) ? new URL(config.url) : undefined;
    if (url?.protocol !== 'https:') throw unavailable(`Unable to parse webhook URL: ${config.url ?? '""'}`);
    const address = { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443) };
    return { origin: url.origin, path: url.pathname + url.search, ca, address: () => address };
  }

  /** A ready endpoint of a service's port. Throws `ServiceUnavailable` in Kubernetes' words when there is none. */
  addressOf({ namespace, name, port: number = 443 }: ServiceReference): Address {
    const found = this.#storage.get(objectKey(services, namespace, name));
    if (!found) throw unavailable(`service "${name}" not found`);
    const { spec } = found.object as unknown as Service;
    const port = spec?.ports?.find((one) => one.port === number);
    if (spec?.type === 'ExternalName' && spec.externalName) return { host: spec.externalName, port: number };
    if (!port) throw unavailable(`no service port ${number} found for service "${name}"`);
    const ready = this.#readyEndpoints({ namespace, name }, port.name ?? '');
    if (ready.length === 0) throw unavailable(`no endpoints available for service "${name}"`);
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return ready[this.#turn % ready.length] as Address;
  }

  /** Whether a node is in the store alone: the addresses of its pods are nobody's, or a stranger's. */
  #isSimulated(nodeName: string | undefined): boolean {
    const node = nodeName === undefined ? undefined : this.#storage.get(objectKey(nodes, undefined, nodeName));
    return node?.object.metadata.labels?.['berth.dev/simulated'] !== undefined;
  }

  #readyEndpoints({ namespace, name }: { namespace: string; name: string }, portName: string) {
    return this.#storage.list(`${slices}${namespace}/`).flatMap(({ object }) => {
      const slice = object as unknown as Slice;
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name || slice.addressType === 'FQDN') return [];
      const port = slice.ports?.find((one) => (one.name ?? '') === portName)?.port;
      if (port === undefined) return [];
      const ready = (slice.endpoints ?? []).filter(
        ({ conditions, nodeName }) => conditions?.ready !== false && !this.#isSimulated(nodeName),
      );
      return ready.flatMap(({ addresses: [host] }) => (host === undefined ? [] : [{ host, port }]));
    });
  }
}

function serviceName({ namespace, name, path = '', port = 443 }: ServiceReference) {
  // The port is always written, also the usual one, as Kubernetes shows it.
  const origin = `https://${name}.${namespace}.svc:${port}`;
  return { origin, path: path.startsWith('/') ? path : `/${path}` };
}

function unavailable(message: string): BerthError {
  return new BerthError('ServiceUnavailable', message);
}
