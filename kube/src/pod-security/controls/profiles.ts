import type { Container } from '../../objects/index.ts';
import {
  type Control,
  containersOf,
  contextOf,
  type Judge,
  namesWhere,
  plural,
  podContext,
  quoted,
  setters,
  sorted,
  those,
  unlessWindows,
} from '../control.ts';

/** The profiles by which the machine confines a container: AppArmor, seccomp, SELinux, sysctls. */

interface Profile {
  type?: string;
}

const isConfined = (type: string) => type === 'RuntimeDefault' || type === 'Localhost';

/** The type of a profile that is given and confines nothing. */
function bad(profile: Profile | undefined): string[] {
  const type = profile?.type ?? '';
  return profile === undefined || isConfined(type) ? [] : [type];
}

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

export const appArmorProfile: Control = {
  id: 'appArmorProfile',
  level: 'baseline',
  versions: [
    {
      since: 0,
      judge(pod) {
        const ofPod = bad(podContext(pod).appArmorProfile);
        const ofContainer = (container: Container) => bad(contextOf(container).appArmorProfile);
        const names = namesWhere(pod, (container) => ofContainer(container).length > 0);
        const annotations = Object.entries(pod.metadata?.annotations ?? {}).filter(
          ([key, value]) =>
            key.startsWith(appArmorAnnotation) &&
            !(value === '' || value === 'runtime/default' || value.startsWith('localhost/')),
        );
        const who = setters(ofPod.length > 0, names);
        const all = [
          ...(who === undefined ? [] : [who]),
          ...(annotations.length === 0 ? [] : [plural('annotation', annotations.length)]),
        ];
        if (all.length === 0) return undefined;
        const values = [
          ...sorted([...ofPod, ...containersOf(pod).flatMap(ofContainer)]),
          ...sorted(annotations.map(([key, value]) => `${key}=${JSON.stringify(value)}`)),
        ];
        const detail = `${all.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`;
        return { reason: plural('forbidden AppArmor profile', values.length), detail };
      },
    },
  ],
};

const seccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const isConfinedByAnnotation = (value: string) =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');

const seccompByAnnotation: Judge = (pod) => {
  const { annotations = {} } = pod.metadata ?? {};
  const keys = [seccompAnnotation, ...containersOf(pod).map(({ name }) => `${seccompOfContainer}${name}`)];
  const forbidden = sorted(
    keys.flatMap((key) => {
      const value = annotations[key];
      return value === undefined || isConfinedByAnnotation(value) ? [] : [`${key}=${JSON.stringify(value)}`];
    }),
  );
  if (forbidden.length === 0) return undefined;
  const detail = `forbidden ${plural('annotation', forbidden.length)} ${forbidden.join(', ')}`;
  return { reason: 'seccompProfile', detail };
};

const seccompOf = (container: Container) => contextOf(container).seccompProfile;

const noOtherSeccomp: Judge = (pod) => {
  const ofPod = bad(podContext(pod).seccompProfile);
  const names = namesWhere(pod, (container) => bad(seccompOf(container)).length > 0);
  const who = setters(ofPod.length > 0, names);
  if (who === undefined) return undefined;
  const values = sorted([...ofPod, ...containersOf(pod).flatMap((container) => bad(seccompOf(container)))]);
  const detail = `${who} must not set securityContext.seccompProfile.type to ${quoted(values)}`;
  return { reason: 'seccompProfile', detail };
};

export const seccompBaseline: Control = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  versions: [
    { since: 0, judge: seccompByAnnotation },
    { since: 19, judge: noOtherSeccomp },
  ],
};

const someSeccomp: Judge = (pod) => {
  const objection = noOtherSeccomp(pod);
  if (objection) return objection;
  const silent = podContext(pod).seccompProfile
    ? []
    : namesWhere(pod, (container) => seccompOf(container) === undefined);
  if (silent.length === 0) return undefined;
  const detail = `pod or ${those('container', silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
};

export const seccompRestricted: Control = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  versions: [
    { since: 19, judge: someSeccomp, insteadOf: [seccompBaseline.id] },
    { since: 25, judge: unlessWindows(someSeccomp), insteadOf: [seccompBaseline.id] },
  ],
};

interface SELinuxOptions extends Profile {
  user?: string;
  role?: string;
}

/** Types that confine at least as a container does. */
const containerTypes = ['container_t', 'container_init_t', 'container_kvm_t'];

function seLinux(types: readonly string[]): Judge {
  const isBad = ({ type, user, role }: SELinuxOptions) =>
    Boolean(user) || Boolean(role) || (Boolean(type) && !types.includes(type ?? ''));
  return (pod) => {
    const ofPod = podContext(pod).seLinuxOptions as SELinuxOptions | undefined;
    const of = (container: Container) => contextOf(container).seLinuxOptions as SELinuxOptions | undefined;
    const names = namesWhere(pod, (container) => isBad(of(container) ?? {}));
    const who = setters(isBad(ofPod ?? {}), names);
    if (who === undefined) return undefined;
    const all = [ofPod, ...containersOf(pod).map(of)].filter((one) => one !== undefined);
    const forbidden = sorted(all.flatMap(({ type }) => (type && !types.includes(type) ? [type] : [])));
    const what = [
      ...(forbidden.length > 0 ? [those('type', forbidden)] : []),
      ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    const detail = `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`;
    return { reason: 'seLinuxOptions', detail };
  };
}

export const seLinuxOptions: Control = {
  id: 'seLinuxOptions',
  level: 'baseline',
  versions: [
    { since: 0, judge: seLinux(containerTypes) },
    { since: 31, judge: seLinux([...containerTypes, 'container_engine_t']) },
  ],
};

/** Those that reach no further than the pod, and are safe in it; each version added some. */
const safeSysctls = {
  0: [
    ...['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies'],
    ...['net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start'],
  ],
  27: ['net.ipv4.ip_local_reserved_ports'],
  29: [
    ...['net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl'],
    'net.ipv4.tcp_keepalive_probes',
  ],
  32: ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
};

export const sysctls: Control = {
  id: 'sysctls',
  level: 'baseline',
  versions: Object.keys(safeSysctls)
    .map(Number)
    .map((since) => {
      const entries = Object.entries(safeSysctls).filter(([version]) => Number(version) <= since);
      const safe = new Set(entries.flatMap(([, names]) => names));
      return {
        since,
        judge({ spec }) {
          const names = (spec?.securityContext?.sysctls ?? [])
            .map(({ name }) => name)
            .filter((name) => !safe.has(name));
          return names.length > 0 ? { reason: 'forbidden sysctls', detail: names.join(', ') } : undefined;
        },
      };
    }),
};
