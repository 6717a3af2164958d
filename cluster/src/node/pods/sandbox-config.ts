import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { Container, Pod } from '@berth/kube/objects';
import { sysctlName } from '../admission/index.ts';
import type { NamespaceScopes, SandboxConfig, SecurityProfile } from '../runtime/types.ts';
import { agentMark, marks } from './observed.ts';
import { cgroupParentOf } from './resources.ts';

export interface SandboxSurroundings {
  instance: string;
  nodeName: string;
  /** The directory that holds a directory of log files for each pod. */
  podLogs: string;
  clusterDns: string;
  clusterDomain: string;
  /** The machine's own resolver, for `dnsPolicy: Default` and pods in the machine's network. */
  hostDns: { servers: string[]; searches: string[]; options: string[] };
}

export const logDirectoryOf = (pod: Pod, podLogs: string): string =>
  join(podLogs, `${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`);

/** What the runtime needs to make the pod's sandbox. Throws `BadRequest` when the pod's name cannot be the kernel's. */
export function sandboxConfig(pod: Pod, attempt: number, around: SandboxSurroundings): SandboxConfig {
  const spec = pod.spec;
  const { name, namespace = 'default', uid = '' } = pod.metadata;
  const security = spec?.securityContext;
  const config: SandboxConfig = {
    metadata: { name, namespace, uid, attempt },
    hostname: spec?.hostNetwork ? '' : kernelNameOf(pod, around.clusterDomain),
    logDirectory: logDirectoryOf(pod, around.podLogs),
    dns: dnsOf(pod, around),
    portMappings: (spec?.containers ?? []).flatMap((container) => portMappings(container)),
    labels: {
      ...pod.metadata.labels,
      [marks.agent]: agentMark(around.instance, around.nodeName),
      [marks.podName]: name,
      [marks.podNamespace]: namespace,
      [marks.podUid]: uid,
    },
    annotations: { ...pod.metadata.annotations },
    cgroupParent: cgroupParentOf(pod, around.instance),
    sysctls: Object.fromEntries((security?.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value])),
    namespaces: namespacesOf(pod),
    privileged: allContainers(pod).some((container) => container.securityContext?.privileged === true),
    supplementalGroups: supplementalGroupsOf(pod),
    seccomp: { type: 'RuntimeDefault' },
  };
  return config;
}

export const allContainers = (pod: Pod): Container[] => [
  ...(pod.spec?.initContainers ?? []),
  ...(pod.spec?.containers ?? []),
];

/** Containers that somebody added to a pod at work, to look into it; they are run like others, once. */
export const ephemeralContainers = (pod: Pod): Container[] => (pod.spec?.ephemeralContainers ?? []) as Container[];

export function namespacesOf(pod: Pod): NamespaceScopes {
  const spec = pod.spec;
  return {
    network: spec?.hostNetwork ? 'node' : 'pod',
    pid: spec?.hostPID ? 'node' : spec?.shareProcessNamespace ? 'pod' : 'container',
    ipc: spec?.hostIPC ? 'node' : 'pod',
  };
}

export function supplementalGroupsOf(pod: Pod): number[] {
  const security = pod.spec?.securityContext;
  const groups = (security?.supplementalGroups ?? []).map(Number);
  return security?.fsGroup === undefined ? groups : [...groups, Number(security.fsGroup)];
}

/** Throws `BadRequest` for a file that is not one of the node's profiles. */
export function seccompOf(
  profile: { type: string; localhostProfile?: string | undefined } | undefined,
  seccompDirectory: string,
): SecurityProfile | undefined {
  if (!profile) return undefined;
  if (profile.type === 'Localhost') {
    const path = join(seccompDirectory, profile.localhostProfile ?? '');
    // The API refuses such a path; the node does not rely on it.
    if (!path.startsWith(`${seccompDirectory}/`))
      throw new BerthError(
        'BadRequest',
        `seccomp profile ${profile.localhostProfile} is not below ${seccompDirectory}`,
      );
    return { type: 'Localhost', path };
  }
  return { type: profile.type === 'RuntimeDefault' ? 'RuntimeDefault' : 'Unconfined' };
}

/** The pod's own short name. A host name has at most 63 characters and ends in none that a label forbids there. */
export const hostnameOf = ({ metadata, spec }: Pod): string =>
  (spec?.hostnameOverride ?? (spec?.hostname || metadata.name)).slice(0, 63).replace(/[-.]+$/, '');

/** The pod's name with its domain, where it has a subdomain; who overrides the name goes without. */
export function fqdnOf(pod: Pod, clusterDomain: string): string | undefined {
  const { subdomain, hostnameOverride } = pod.spec ?? {};
  if (!subdomain || hostnameOverride !== undefined) return undefined;
  return `${hostnameOf(pod)}.${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}`;
}

/** What the kernel calls the pod: with its domain, if it asks so (`setHostnameAsFQDN`). Throws `BadRequest` when that is too long for it. */
function kernelNameOf(pod: Pod, clusterDomain: string): string {
  const fqdn = pod.spec?.setHostnameAsFQDN ? fqdnOf(pod, clusterDomain) : undefined;
  if (fqdn === undefined || fqdn.length <= longestNodeName) return fqdn ?? hostnameOf(pod);
  const limits = `${longestNodeName} characters is the max, ${fqdn.length} characters requested`;
  const why = `FQDN ${fqdn} is too long (${limits})`;
  throw new BerthError('BadRequest', `failed to construct FQDN from pod hostname and cluster domain, ${why}`);
}

/** Of `struct utsname` (uname(2)), without the byte that ends it. */
const longestNodeName = 64;

function portMappings(container: Container): SandboxConfig['portMappings'] {
  return (container.ports ?? []).flatMap((port) =>
    port.hostPort
      ? [
          {
            protocol: (port.protocol ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP',
            containerPort: port.containerPort,
            hostPort: port.hostPort,
            ...(port.hostIP ? { hostIp: port.hostIP } : {}),
          },
        ]
      : [],
  );
}

const mostSearches = 32;

function dnsOf(pod: Pod, around: SandboxSurroundings): NonNullable<SandboxConfig['dns']> {
  const policy = pod.spec?.dnsPolicy ?? 'ClusterFirst';
  const own = pod.spec?.dnsConfig;
  const { hostDns, clusterDns, clusterDomain } = around;
  const cluster = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec?.hostNetwork);
  const base = cluster
    ? {
        servers: [clusterDns],
        searches: [
          `${pod.metadata.namespace}.svc.${clusterDomain}`,
          `svc.${clusterDomain}`,
          clusterDomain,
          ...hostDns.searches,
        ],
        options: ['ndots:5'],
      }
    : policy === 'None'
      ? { servers: [], searches: [], options: [] }
      : hostDns;
  const options = new Map(base.options.map((option) => [option.split(':')[0] ?? option, option]));
  for (const { name, value } of own?.options ?? []) {
    if (name) options.set(name, value ? `${name}:${value}` : name);
  }
  return {
    servers: [...new Set([...base.servers, ...(own?.nameservers ?? [])])].slice(0, 3),
    searches: [...new Set([...base.searches, ...(own?.searches ?? [])])].slice(0, mostSearches),
    options: [...options.values()],
  };
}

/** The parts of a `resolv.conf` (resolv.conf(5)). */
export function parseResolvConf(text: string): SandboxSurroundings['hostDns'] {
  const found: SandboxSurroundings['hostDns'] = { servers: [], searches: [], options: [] };
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'nameserver' && rest[0]) found.servers.push(rest[0]);
    if (word === 'search') found.searches = rest.filter((domain) => domain !== '.');
    if (word === 'options') found.options = rest;
  }
  return found;
}
