import type { Pod } from '@berth/kube/objects';
import { isReady, readyCondition } from './state.ts';

export interface DeletionCandidate {
  pod: Pod;
  /** How many active pods of the same application run on its node: the more, the sooner it goes. */
  crowd: number;
}

const phases = ['Pending', 'Unknown', 'Running'];

/**
 * Sorts those that are to go first to the front, as Kubernetes' `ActivePodsWithRanks`: unassigned, pending, not ready, the lower
 * deletion cost, the more crowded node, the shorter ready, the more restarts, the newer. Ages count by their powers of two, so that among
 * pods of much the same age the choice falls anywhere, and not always on one node.
 */
export function byDeletionRank(now: number): (a: DeletionCandidate, b: DeletionCandidate) => number {
  return (a, b) => {
    for (const { compare } of criteria) {
      const difference = compare(a, b, now);
      if (difference !== 0 && !Number.isNaN(difference)) return difference;
    }
    return textOrder(a.pod.metadata.name, b.pod.metadata.name);
  };
}

/**
 * The same without costs and crowds, and with ages to the second, as Kubernetes' `ActivePods`: which pods of a job go first.
 */
export function byActivity(a: Pod, b: Pod): number {
  const [one, other] = [
    { pod: a, crowd: 0 },
    { pod: b, crowd: 0 },
  ];
  for (const { compare } of activity) {
    const difference = compare(one, other, 0);
    if (difference !== 0 && !Number.isNaN(difference)) return difference;
  }
  return textOrder(a.metadata.name, b.metadata.name);
}

interface Criterion {
  compare(a: DeletionCandidate, b: DeletionCandidate, now: number): number;
}

function by(value: (candidate: DeletionCandidate) => number): Criterion {
  return { compare: (a, b) => value(a) - value(b) };
}

const stages: readonly Criterion[] = [
  by(({ pod }) => (pod.spec?.nodeName ? 1 : 0)),
  by(({ pod }) => phases.indexOf(pod.status?.phase ?? 'Pending')),
  by(({ pod }) => (isReady(pod) ? 1 : 0)),
];
const restarting: readonly Criterion[] = [by(({ pod }) => -restarts(pod)), by(({ pod }) => -sidecarRestarts(pod))];

const criteria: readonly Criterion[] = [
  ...stages,
  by(
    ({ pod }) =>
      Number.parseInt(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0', 10) || 0,
  ),
  by(({ crowd }) => -crowd),
  {
    compare: (a, b, now) => (isReady(a.pod) && isReady(b.pod) ? byAge(a.pod, b.pod, readySince, now) : 0),
  },
  ...restarting,
  { compare: (a, b, now) => byAge(a.pod, b.pod, ({ metadata }) => metadata.creationTimestamp, now) },
];

/** What has no time is new, and the newer goes first. */
const newness = (since: (pod: Pod) => string | undefined) =>
  by(({ pod }) => -(Date.parse(since(pod) ?? '') || Number.POSITIVE_INFINITY));

const activity: readonly Criterion[] = [
  ...stages,
  newness((pod) => (isReady(pod) ? readySince(pod) : undefined)),
  ...restarting,
  newness(({ metadata }) => metadata.creationTimestamp),
];

function readySince(pod: Pod): string | undefined {
  return readyCondition(pod)?.lastTransitionTime;
}

function byAge(a: Pod, b: Pod, since: (pod: Pod) => string | undefined, now: number): number {
  const [one, other] = [Date.parse(since(a) ?? ''), Date.parse(since(b) ?? '')];
  // What has no time is new.
  if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(other) ? (Number.isNaN(one) ? 0 : 1) : -1;
  if (one === other) return 0;
  return magnitude(now - one) - magnitude(now - other) || textOrder(a.metadata.uid, b.metadata.uid);
}

/** The whole part of the binary logarithm of an age, in nanoseconds as Kubernetes has it; -1 for none. */
function magnitude(ms: number): number {
  return ms > 0 ? Math.trunc(Math.log2(ms * 1e6)) : -1;
}

function restarts({ status }: Pod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

function sidecarRestarts({ spec, status }: Pod): number {
  const sidecars = new Set(
    spec?.initContainers?.flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : [])),
  );
  const statuses = status?.initContainerStatuses?.filter(({ name }) => sidecars.has(name)) ?? [];
  return Math.max(0, ...statuses.map(({ restartCount }) => restartCount));
}

function textOrder(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
