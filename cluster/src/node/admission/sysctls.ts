import type { Pod } from '@berth/kube/objects';
import type { Rejection } from '../../scheduler/index.ts';

/** Settings of the kernel that are a pod's own and harm no other, with the kernel (major, minor) from which that is so. Source: kubelet's `safeSysctls`. */
const safe: Record<string, readonly [number, number]> = {
  'kernel.shm_rmid_forced': [0, 0],
  'net.ipv4.ip_local_port_range': [0, 0],
  'net.ipv4.tcp_syncookies': [0, 0],
  'net.ipv4.ping_group_range': [0, 0],
  'net.ipv4.ip_unprivileged_port_start': [0, 0],
  'net.ipv4.ip_local_reserved_ports': [3, 16],
  'net.ipv4.tcp_keepalive_time': [4, 5],
  'net.ipv4.tcp_fin_timeout': [4, 6],
  'net.ipv4.tcp_keepalive_intvl': [4, 5],
  'net.ipv4.tcp_keepalive_probes': [4, 5],
  'net.ipv4.tcp_rmem': [4, 15],
  'net.ipv4.tcp_wmem': [4, 15],
};

/** The name with dots between its parts: one whose first separator is a slash has both swapped (sysctl.d(5)). */
export function sysctlName(name: string): string {
  if (/[./]/.exec(name)?.[0] !== '/') return name;
  return name.replace(/[./]/g, (separator) => (separator === '.' ? '/' : '.'));
}

/** Why the node does not set what the pod asks of the kernel. `kernel` is its release: `6.1.0-18-amd64`. */
export function forbiddenSysctl({ spec }: Pod, kernel: string): Rejection | undefined {
  for (const { name } of spec?.securityContext?.sysctls ?? []) {
    const why = problemOf(sysctlName(name), kernel, spec ?? {});
    if (why !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` };
  }
  return undefined;
}

function problemOf(name: string, kernel: string, spec: Partial<NonNullable<Pod['spec']>>): string | undefined {
  const since = safe[name];
  if (since === undefined || !isAtLeast(kernel, since)) return `"${name}" not allowlisted`;
  const isOfNetwork = name.startsWith('net.');
  if (isOfNetwork && spec.hostNetwork) return `"${name}" not allowed with host Net enabled`;
  if (!isOfNetwork && spec.hostIPC) return `"${name}" not allowed with host IPC enabled`;
  return undefined;
}

function isAtLeast(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor = 0, ownMinor = 0] = (/^(\d+)\.(\d+)/.exec(kernel) ?? []).map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
