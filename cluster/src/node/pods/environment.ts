import { BerthError } from '@berth/kube/errors';
import type { ConfigMap, Container, Pod, Secret, Service } from '@berth/kube/objects';
import { bytes, cpuMillis } from '@berth/kube/quantity';
import { valueInFile } from './env-file.ts';

export interface EnvironmentSources {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
  /** The text of a file in one of the pod's volumes. */
  file(volume: string, path: string): Promise<string>;
  /** The services of the pod's namespace, and `kubernetes` of `default`. */
  services(): readonly Service[];
  podIps: readonly string[];
  hostIps: readonly string[];
  /** What a container without a limit may use at most. */
  allocatable: { cpuMillis: number; memory: number; ephemeralStorage: number };
}

/**
 * A container's variables in the order kubelet gives them: service links, `envFrom`, `env` (a later one wins).
 * Throws `NotFound` or `BadRequest` with kubelet's words when a reference that is not optional leads nowhere.
 */
export async function environmentOf(
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<{ key: string; value: string }[]> {
  const variables = new Map<string, string>();
  if (pod.spec?.enableServiceLinks !== false) {
    for (const service of sources.services()) serviceLinks(service, variables);
  } else {
    const api = sources.services().find((service) => service.metadata.name === 'kubernetes');
    if (api?.metadata.namespace === 'default') serviceLinks(api, variables);
  }
  for (const from of container.envFrom ?? []) {
    const data = from.configMapRef
      ? await dataOf('configmap', from.configMapRef, sources)
      : from.secretRef
        ? await dataOf('secret', from.secretRef, sources)
        : {};
    for (const [key, value] of Object.entries(data)) variables.set(`${from.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(variable.valueFrom, pod, container, sources)
      : expand(variable.value ?? '', variables);
    if (value !== undefined) variables.set(variable.name, value);
  }
  return [...variables].map(([key, value]) => ({ key, value }));
}

type ValueFrom = NonNullable<NonNullable<Container['env']>[number]['valueFrom']>;

async function valueFrom(
  from: ValueFrom,
  pod: Pod,
  container: Container,
  sources: EnvironmentSources,
): Promise<string | undefined> {
  if (from.fieldRef) return fieldOf(from.fieldRef.fieldPath, pod, sources);
  if (from.resourceFieldRef) return resourceFieldOf(from.resourceFieldRef, pod, container, sources.allocatable);
  if (from.fileKeyRef) return fileValue(from.fileKeyRef, sources);
  const [kind, ref] = from.configMapKeyRef
    ? (['configmap', from.configMapKeyRef] as const)
    : (['secret', from.secretKeyRef] as const);
  if (!ref) return undefined;
  const data = await dataOf(kind, ref, sources);
  const value = data[ref.key];
  if (value === undefined && !ref.optional) {
    const shown = kind === 'configmap' ? 'ConfigMap' : 'Secret';
    const where = `${pod.metadata.namespace}/${ref.name}`;
    throw new BerthError('NotFound', `couldn't find key ${ref.key} in ${shown} ${where}`);
  }
  return value;
}

/** A file that cannot be read stops the container also where the key is optional, as in kubelet. */
async function fileValue(
  { volumeName, path, key, optional }: NonNullable<ValueFrom['fileKeyRef']>,
  sources: EnvironmentSources,
): Promise<string | undefined> {
  const value = valueInFile(await sources.file(volumeName, path), key);
  if (value !== '') return value;
  if (optional) return undefined;
  throw new BerthError('NotFound', `environment variable key "${key}" not found in file "${path}"`);
}

async function dataOf(
  kind: 'configmap' | 'secret',
  ref: { name?: string | undefined; optional?: boolean | undefined },
  sources: EnvironmentSources,
): Promise<Record<string, string>> {
  const name = ref.name ?? '';
  if (kind === 'configmap') {
    const found = await sources.configMap(name);
    if (found) return (found.data ?? {}) as Record<string, string>;
  } else {
    const found = await sources.secret(name);
    if (found) return decoded(found);
  }
  if (ref.optional) return {};
  throw new BerthError('NotFound', `${kind} "${name}" not found`);
}

function decoded(secret: Secret): Record<string, string> {
  const entries = Object.entries((secret.data ?? {}) as Record<string, string>);
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** `$(NAME)` becomes the variable's value; `$$` is a dollar sign; what is not known stays as it stands. */
export function expand(text: string, variables: Pick<ReadonlyMap<string, string>, 'get'>): string {
  return text.replace(/\$(\$|\(([^()]*)\))/g, (whole, after: string, name: string | undefined) => {
    if (after === '$') return '$';
    return variables.get(name ?? '') ?? whole;
  });
}

/** Fields of the pod that a variable or a downward API file may hold. */
export function fieldOf(
  path: string,
  pod: Pod,
  sources: Pick<EnvironmentSources, 'podIps' | 'hostIps'>,
): string | undefined {
  const { metadata, spec } = pod;
  const indexed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (indexed) return metadata[indexed[1] as 'labels' | 'annotations']?.[indexed[2] as string] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return formatted(metadata.labels);
    case 'metadata.annotations':
      return formatted(metadata.annotations);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
      return sources.hostIps[0] ?? '';
    case 'status.hostIPs':
      return sources.hostIps.join(',');
    case 'status.podIP':
      return sources.podIps[0] ?? '';
    case 'status.podIPs':
      return sources.podIps.join(',');
    default:
      throw new BerthError('BadRequest', `unsupported fieldPath: ${path}`);
  }
}

const formatted = (map: Record<string, string> | undefined): string =>
  Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');

/** `limits.cpu` and the like in units of the divisor, rounded up; a missing limit is what the node has. */
export function resourceFieldOf(
  ref: { resource: string; divisor?: string | number | undefined; containerName?: string | undefined },
  pod: Pod,
  container: Container,
  allocatable: EnvironmentSources['allocatable'],
): string {
  const about = ref.containerName
    ? [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
        (found) => found.name === ref.containerName,
      )
    : container;
  const [kind = '', name = ''] = ref.resource.split(/\.(.*)/);
  const given = about?.resources?.[kind as 'limits' | 'requests'] as Record<string, string | number> | undefined;
  const divisor = ref.divisor === undefined || String(ref.divisor) === '0' ? '1' : ref.divisor;
  if (name === 'cpu') {
    const fallback = kind === 'limits' ? allocatable.cpuMillis : 0;
    const millis = given?.cpu === undefined ? fallback : cpuMillis(given.cpu);
    return String(Math.ceil(millis / cpuMillis(divisor)));
  }
  const whole = name === 'memory' ? allocatable.memory : allocatable.ephemeralStorage;
  const amount = given?.[name] === undefined ? (kind === 'limits' ? whole : 0) : bytes(given[name]);
  return String(Math.ceil(amount / bytes(divisor)));
}

/** The variables of Docker's links, by which older programs find a service. */
function serviceLinks(service: Service, variables: Map<string, string>): void {
  const ip = service.spec?.clusterIP;
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (!ip || ip === 'None' || !first) return;
  const prefix = service.metadata.name.toUpperCase().replaceAll('-', '_');
  const url = (port: typeof first) => `${(port.protocol ?? 'TCP').toLowerCase()}://${ip}:${port.port}`;
  variables.set(`${prefix}_SERVICE_HOST`, ip);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const port of ports) {
    if (!port.name) continue;
    variables.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
  }
  variables.set(`${prefix}_PORT`, url(first));
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const name = `${prefix}_PORT_${port.port}_${protocol}`;
    variables.set(name, url(port));
    variables.set(`${name}_PROTO`, protocol.toLowerCase());
    variables.set(`${name}_PORT`, String(port.port));
    variables.set(`${name}_ADDR`, ip);
  }
}
