import type { Container } from '../../objects/index.ts';
import {
  type Control,
  containersOf,
  contextOf,
  type Judge,
  namesWhere,
  quoted,
  sorted,
  those,
  unlessOwnUsers,
  unlessWindows,
} from '../control.ts';

/** What the kernel lets a container's processes do. */

export const privileged: Control = {
  id: 'privileged',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge(pod) {
        const names = namesWhere(pod, (container) => contextOf(container).privileged === true);
        if (names.length === 0) return undefined;
        const detail = `${those('container', names)} must not set securityContext.privileged=true`;
        return { reason: 'privileged', detail };
      },
    },
  ],
};

const noEscalation: Judge = (pod) => {
  const names = namesWhere(pod, (container) => contextOf(container).allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${those('container', names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
};

export const allowPrivilegeEscalation: Control = {
  id: 'allowPrivilegeEscalation',
  level: 'restricted',
  versions: [
    { since: 8, judge: noEscalation },
    { since: 25, judge: unlessWindows(noEscalation) },
  ],
};

/** Those that container runtimes give by default, but for NET_RAW. */
const defaultCapabilities = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'SETFCAP'],
  ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

/** Which capabilities that are not allowed the containers add, and who they are. */
function added(pod: Parameters<Judge>[0], isAllowed: (capability: string) => boolean): string | undefined {
  const forbidden = (container: Container) =>
    (contextOf(container).capabilities?.add ?? []).filter((capability) => !isAllowed(capability));
  const names = namesWhere(pod, (container) => forbidden(container).length > 0);
  if (names.length === 0) return undefined;
  const capabilities = quoted(sorted(containersOf(pod).flatMap(forbidden)));
  return `${those('container', names)} must not include ${capabilities} in securityContext.capabilities.add`;
}

export const capabilitiesBaseline: Control = {
  id: 'capabilities_baseline',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge(pod) {
        const detail = added(pod, (capability) => defaultCapabilities.has(capability));
        return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
      },
    },
  ],
};

const dropsAll: Judge = (pod) => {
  const names = namesWhere(pod, (container) => !contextOf(container).capabilities?.drop?.includes('ALL'));
  const details = [
    names.length > 0 ? `${those('container', names)} must set securityContext.capabilities.drop=["ALL"]` : undefined,
    added(pod, (capability) => capability === 'NET_BIND_SERVICE'),
  ].filter((detail) => detail !== undefined);
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
};

export const capabilitiesRestricted: Control = {
  id: 'capabilities_restricted',
  level: 'restricted',
  versions: [
    { since: 22, judge: dropsAll, insteadOf: [capabilitiesBaseline.id] },
    { since: 25, judge: unlessWindows(dropsAll), insteadOf: [capabilitiesBaseline.id] },
  ],
};

const defaultProcMount: Judge = (pod) => {
  const other = (container: Container) => {
    const { procMount } = contextOf(container);
    return procMount === undefined || procMount === 'Default' ? [] : [procMount];
  };
  const names = namesWhere(pod, (container) => other(container).length > 0);
  if (names.length === 0) return undefined;
  const mounts = quoted(sorted(containersOf(pod).flatMap(other)));
  return {
    reason: 'procMount',
    detail: `${those('container', names)} must not set securityContext.procMount to ${mounts}`,
  };
};

export const procMountBaseline: Control = {
  id: 'procMount',
  level: 'baseline',
  versions: [
    { since: 0, judge: defaultProcMount },
    { since: 35, judge: unlessOwnUsers(defaultProcMount) },
  ],
};

export const procMountRestricted: Control = {
  id: 'procMount_restricted',
  level: 'restricted',
  versions: [{ since: 35, judge: defaultProcMount, insteadOf: [procMountBaseline.id] }],
};
