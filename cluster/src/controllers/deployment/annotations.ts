import type { Deployment, ReplicaSet } from '@berth/kube/objects';

/** Asks for a way back to a revision, 0 for the one before: what `extensions/v1beta1` had a field for. */
export const rollbackAnnotation = 'deprecated.deployment.rollback.to';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const historyAnnotation = 'deployment.kubernetes.io/revision-history';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** A Deployment's annotations that are not its ReplicaSets'. */
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  rollbackAnnotation,
  revisionAnnotation,
  historyAnnotation,
  desiredAnnotation,
  maxAnnotation,
]);

const longestHistory = 2000;

/** 64 bits, as others may count from any number; 0 for what is none. */
export function revisionOf(set: ReplicaSet): bigint {
  return revisionIn(set.metadata.annotations?.[revisionAnnotation]);
}

function revisionIn(text = ''): bigint {
  const revision = /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : 0n;
  return BigInt.asIntN(64, revision) === revision ? revision : 0n;
}

/** 0 when there is none. */
export function newestRevision(sets: readonly ReplicaSet[]): bigint {
  const [newest = 0n] = sets.map(revisionOf).sort((a, b) => Number(b - a));
  return newest;
}

export function desiredOf(set: ReplicaSet): number | undefined {
  return numberIn(set, desiredAnnotation);
}

export function maxOf(set: ReplicaSet): number | undefined {
  return numberIn(set, maxAnnotation);
}

function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata.annotations?.[annotation];
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

/** What the Deployment wants, noted on each set: how a change of scale is told from a rollout, and shared out. */
export function sizeAnnotations(desired: number, max: number): Record<string, string> {
  return { [desiredAnnotation]: String(desired), [maxAnnotation]: String(max) };
}

/**
 * The annotations that the set of the present template is to have: the Deployment's (the change cause among them), and the
 * revision. A set that served before keeps its former revisions in its history.
 */
export function annotationsOfNewSet(
  deployment: Deployment,
  present: Readonly<Record<string, string>>,
  revision: bigint,
): Record<string, string> {
  const annotations = { ...present };
  for (const [name, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (!notCopied.has(name)) annotations[name] = value;
  }
  const former = present[revisionAnnotation];
  if (revisionIn(former) < revision) {
    annotations[revisionAnnotation] = String(revision);
    if (former !== undefined) {
      const history = [...(present[historyAnnotation]?.split(',') ?? []), former];
      while (history.join(',').length > longestHistory) history.shift();
      annotations[historyAnnotation] = history.join(',');
    }
  }
  return annotations;
}

/** A Deployment's annotations when it goes back to a set: what the set was annotated with, and its own that belong to no set. */
export function annotationsBackFrom(
  set: ReplicaSet,
  present: Readonly<Record<string, string>>,
): Record<string, string> {
  const own = Object.entries(present).filter(([name]) => notCopied.has(name));
  const former = Object.entries(set.metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name));
  return Object.fromEntries([...own, ...former]);
}
