import { BerthError } from '@berth/kube/errors';
import type { Container, Pod } from '@berth/kube/objects';
import { type AppArmorProfile, appArmorProfileOf } from '../admission/index.ts';
import type { ContainerConfig, ContainerSecurity, ImageStatus, Mount, SecurityProfile } from '../runtime/types.ts';
import { expand } from './environment.ts';
import { containerHash } from './hash.ts';
import { marks } from './observed.ts';
import { containerResources } from './resources.ts';
import { namespacesOf, seccompOf, supplementalGroupsOf } from './sandbox-config.ts';

export interface ContainerInput {
  pod: Pod;
  container: Container;
  attempt: number;
  image: ImageStatus;
  environment: { key: string; value: string }[];
  mounts: Mount[];
  nodeMemory: number;
  seccompDirectory: string;
  /** The id of the container whose processes it is to see. */
  target?: string;
}

/** What the runtime needs to create a container. Throws `BadRequest` when `runAsNonRoot` is not kept. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, attempt, image, environment } = input;
  const variables = new Map(environment.map(({ key, value }) => [key, value]));
  const expanded = (texts: string[] | undefined) => (texts ?? []).map((text) => expand(text, variables));
  return {
    name: container.name,
    attempt,
    image: image.id,
    userImage: container.image ?? '',
    command: expanded(container.command),
    args: expanded(container.args),
    workingDir: container.workingDir ?? '',
    environment,
    mounts: input.mounts,
    labels: {
      [marks.podName]: pod.metadata.name,
      [marks.podNamespace]: pod.metadata.namespace ?? '',
      [marks.podUid]: pod.metadata.uid ?? '',
      [marks.containerName]: container.name,
    },
    annotations: {
      [marks.containerHash]: containerHash(container),
      [marks.resources]: JSON.stringify(container.resources ?? {}),
      [marks.restartCount]: String(attempt),
      [marks.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
      [marks.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    },
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: containerResources(pod, container, input.nodeMemory),
    security: withTarget(securityOf(pod, container, image, input.seccompDirectory), input.target),
  };
}

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function securityOf(pod: Pod, container: Container, image: ImageStatus, seccompDirectory: string): ContainerSecurity {
  const [ofPod, own] = [pod.spec?.securityContext, container.securityContext];
  const user = own?.runAsUser ?? ofPod?.runAsUser;
  const group = own?.runAsGroup ?? ofPod?.runAsGroup;
  if (own?.runAsNonRoot ?? ofPod?.runAsNonRoot) requireNonRoot(pod, container, user, image);
  const privileged = own?.privileged ?? false;
  const unmasked = privileged || own?.procMount === 'Unmasked';
  const security: ContainerSecurity = {
    privileged,
    readonlyRootfs: own?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own?.allowPrivilegeEscalation === false && !privileged,
    addCapabilities: own?.capabilities?.add ?? [],
    dropCapabilities: own?.capabilities?.drop ?? [],
    supplementalGroups: supplementalGroupsOf(pod),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    namespaces: namespacesOf(pod),
  };
  if (user !== undefined) security.runAsUser = Number(user);
  else if (image.uid !== undefined) security.runAsUser = image.uid;
  else if (image.username !== undefined) security.runAsUsername = image.username;
  // CRI refuses a group without a user: without one, the image's user is root.
  if (group !== undefined) {
    security.runAsGroup = Number(group);
    if (security.runAsUser === undefined && security.runAsUsername === undefined) security.runAsUser = 0;
  }
  const profile = seccompOf(own?.seccompProfile ?? ofPod?.seccompProfile, seccompDirectory);
  const confinement = appArmorProfileOf(pod, container);
  if (confinement) security.appArmor = appArmorOf(confinement);
  security.seccomp = privileged ? { type: 'Unconfined' } : (profile ?? { type: 'Unconfined' });
  return security;
}

const appArmorOf = ({ type, localhostProfile = '' }: AppArmorProfile): SecurityProfile =>
  type === 'Localhost' ? { type, path: localhostProfile } : { type: type as 'RuntimeDefault' | 'Unconfined' };

function withTarget(security: ContainerSecurity, target: string | undefined): ContainerSecurity {
  if (target === undefined) return security;
  return { ...security, namespaces: { ...security.namespaces, pid: { of: target } } };
}

function requireNonRoot(pod: Pod, container: Container, user: number | string | undefined, image: ImageStatus): void {
  const about = `pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name}`;
  if (user !== undefined) {
    if (Number(user) !== 0) return;
    throw new BerthError('BadRequest', `container's runAsUser breaks non-root policy (${about})`);
  }
  if (image.uid !== undefined && image.uid !== 0) return;
  if (image.username !== undefined) {
    throw new BerthError(
      'BadRequest',
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root (${about})`,
    );
  }
  throw new BerthError('BadRequest', `container has runAsNonRoot and image will run as root (${about})`);
}
