import type { Container, Pod } from '../objects/index.ts';

export type Level = 'privileged' | 'baseline' | 'restricted';

/** What of a pod, or of a template of pods, the standards look at. */
export interface PodShape {
  metadata?: Pick<Pod['metadata'], 'annotations'> | undefined;
  spec?: Pod['spec'];
}

/** Why a pod may not be: `reason` in a few words, `detail` which of its parts, both in Kubernetes' words. */
export interface Objection {
  reason: string;
  detail: string;
}

export type Judge = (pod: PodShape) => Objection | undefined;

/**
 * One control of the Pod Security Standards. Baseline controls hold in restricted namespaces too, unless a restricted one says that it stands
 * for them. Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export interface Control {
  id: string;
  level: 'baseline' | 'restricted';
  /** By the minor version of Kubernetes from which each is in force, oldest first. */
  versions: readonly { since: number; judge: Judge; insteadOf?: readonly string[] }[];
}

/** The security context of a pod or a container; fields that only one of them has are absent in the other. */
type SecurityContext = NonNullable<NonNullable<Pod['spec']>['securityContext']> &
  NonNullable<Container['securityContext']>;

/** Every container of the pod: those that come first, those that stay, those that were joined to it. */
export function containersOf({ spec }: PodShape): readonly Container[] {
  const joined = (spec?.ephemeralContainers ?? []) as readonly Container[];
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...joined];
}

export function podContext({ spec }: PodShape): Partial<SecurityContext> {
  return (spec?.securityContext ?? {}) as Partial<SecurityContext>;
}

export function contextOf(container: Container): Partial<SecurityContext> {
  return (container.securityContext ?? {}) as Partial<SecurityContext>;
}

/** The names of the containers for which it holds, in the pod's order. */
export function namesWhere(pod: PodShape, holds: (container: Container) => boolean): string[] {
  return containersOf(pod)
    .filter(holds)
    .map(({ name }) => name);
}

/** `container "a"`, `containers "a", "b"`. */
export function those(what: string, names: readonly string[]): string {
  return `${plural(what, names.length)} ${quoted(names)}`;
}

/** Who set something: the pod, containers, or both; undefined when nobody did. */
export function setters(pod: boolean, containers: readonly string[]): string | undefined {
  const all = [...(pod ? ['pod'] : []), ...(containers.length > 0 ? [those('container', containers)] : [])];
  return all.length > 0 ? all.join(' and ') : undefined;
}

export function quoted(texts: readonly string[]): string {
  return texts.map((text) => `"${text}"`).join(', ');
}

export function plural(one: string, count: number): string {
  return count === 1 ? one : `${one}s`;
}

/** Each once, in the order of their bytes. */
export function sorted(texts: Iterable<string>): string[] {
  return [...new Set(texts)].sort();
}

/** Since 1.25 what only Linux has is not asked of pods that say they are for Windows. */
export function unlessWindows(judge: Judge): Judge {
  return (pod) => (pod.spec?.os?.name === 'windows' ? undefined : judge(pod));
}

/** Since 1.35 a pod whose users are not the machine's may be what it likes in here. */
export function unlessOwnUsers(judge: Judge): Judge {
  return (pod) => (pod.spec?.hostUsers === false ? undefined : judge(pod));
}
