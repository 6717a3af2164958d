import type { Container } from '../../objects/index.ts';
import {
  type Control,
  containersOf,
  contextOf,
  namesWhere,
  plural,
  podContext,
  quoted,
  setters,
  sorted,
  those,
} from '../control.ts';

/** What reaches from a pod into its machine. */

export const hostNamespaces: Control = {
  id: 'hostNamespaces',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge({ spec }) {
        const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec?.[name]);
        if (shared.length === 0) return undefined;
        return { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
      },
    },
  ],
};

export const hostPathVolumes: Control = {
  id: 'hostPathVolumes',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge({ spec }) {
        const names = (spec?.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
        return names.length > 0 ? { reason: 'hostPath volumes', detail: those('volume', names) } : undefined;
      },
    },
  ],
};

const hostPortsOf = ({ ports = [] }: Container) =>
  ports.flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));

export const hostPorts: Control = {
  id: 'hostPorts',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge(pod) {
        const names = namesWhere(pod, (container) => hostPortsOf(container).length > 0);
        if (names.length === 0) return undefined;
        const ports = sorted(containersOf(pod).flatMap(hostPortsOf));
        const detail = `${uses('container', names)} ${plural('hostPort', ports.length)} ${ports.join(', ')}`;
        return { reason: 'hostPort', detail };
      },
    },
  ],
};

/** `container "a" uses`, `containers "a", "b" use`. */
export function uses(what: string, names: readonly string[]): string {
  return `${those(what, names)} ${names.length === 1 ? 'uses' : 'use'}`;
}

interface Handler {
  httpGet?: { host?: string };
  tcpSocket?: { host?: string };
}

/** The addresses that the node itself is made to ask, in the pod's name. */
function hostsOf({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] {
  const handlers = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
  return (handlers as (Handler | undefined)[])
    .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
    .filter((host): host is string => Boolean(host));
}

export const hostProbes: Control = {
  id: 'hostProbesAndHostLifecycle',
  level: 'baseline',
  versions: [
    {
      since: 34,
      judge(pod) {
        const names = sorted(namesWhere(pod, (container) => hostsOf(container).length > 0));
        if (names.length === 0) return undefined;
        const hosts = sorted(containersOf(pod).flatMap(hostsOf));
        const what = plural('probe or lifecycle host', hosts.length);
        return { reason: 'probe or lifecycle host', detail: `${uses('container', names)} ${what} ${quoted(hosts)}` };
      },
    },
  ],
};

export const windowsHostProcess: Control = {
  id: 'windowsHostProcess',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge(pod) {
        const containers = namesWhere(pod, (one) => contextOf(one).windowsOptions?.hostProcess === true);
        const who = setters(podContext(pod).windowsOptions?.hostProcess === true, containers);
        const detail = `${who} must not set securityContext.windowsOptions.hostProcess=true`;
        return who === undefined ? undefined : { reason: 'hostProcess', detail };
      },
    },
  ],
};
