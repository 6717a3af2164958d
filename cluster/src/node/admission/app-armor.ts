import type { Container, Pod } from '@berth/kube/objects';
import type { Rejection } from '../../scheduler/index.ts';

export type AppArmorProfile = NonNullable<NonNullable<Container['securityContext']>['appArmorProfile']>;

/** How profiles were named before there was a field for them; by container. */
const annotation = 'container.apparmor.security.beta.kubernetes.io/';

/** The profile that confines a container: its own, an annotation's, or the pod's. */
export function appArmorProfileOf({ metadata, spec }: Pod, container: Container): AppArmorProfile | undefined {
  const named = profileNamed(metadata.annotations?.[`${annotation}${container.name}`]);
  return container.securityContext?.appArmorProfile ?? named ?? spec?.securityContext?.appArmorProfile;
}

function profileNamed(value: string | undefined): AppArmorProfile | undefined {
  if (value === 'runtime/default') return { type: 'RuntimeDefault' };
  if (value === 'unconfined') return { type: 'Unconfined' };
  if (!value?.startsWith('localhost/')) return undefined;
  return { type: 'Localhost', localhostProfile: value.slice('localhost/'.length) };
}

/** Why a pod that is to be confined by AppArmor is not taken. `isEnabled`: the machine's kernel does. The words are kubelet's. */
export function unenforceableAppArmor(pod: Pod, isEnabled: boolean): Rejection | undefined {
  const refused = (why: string) => ({ reason: 'AppArmor', message: `Cannot enforce AppArmor: ${why}` });
  if (!isRequired(pod)) return undefined;
  if (!isEnabled) return refused('AppArmor is not enabled on the host');
  const isEmpty = containersOf(pod).some((container) => {
    const profile = appArmorProfileOf(pod, container);
    return profile?.type === 'Localhost' && !profile.localhostProfile?.trim();
  });
  return isEmpty ? refused('invalid empty AppArmor profile name: ""') : undefined;
}

function isRequired(pod: Pod): boolean {
  const confines = (profile: AppArmorProfile | undefined) => profile !== undefined && profile.type !== 'Unconfined';
  if (confines(pod.spec?.securityContext?.appArmorProfile)) return true;
  if (containersOf(pod).some(({ securityContext }) => confines(securityContext?.appArmorProfile))) return true;
  return Object.entries(pod.metadata.annotations ?? {}).some(
    ([key, value]) => key.startsWith(annotation) && value !== 'unconfined',
  );
}

const containersOf = ({ spec }: Pod): Container[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...((spec?.ephemeralContainers ?? []) as Container[]),
];
