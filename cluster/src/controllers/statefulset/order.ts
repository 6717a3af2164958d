import { type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { isAvailable, isTerminal } from '../pods/index.ts';
import { type ControllerRevision, podRevisionLabel, templateOf } from '../revisions.ts';
import { keyOf } from '../status.ts';
import { missingClaims } from './claims.ts';
import { firstOrdinal, ordinalOf, podOf } from './identity.ts';

export interface Situation {
  set: StatefulSet;
  pods: readonly Pod[];
  view: View;
  now: number;
  /** What the pods ran before the present rollout. */
  current: ControllerRevision;
  update: ControllerRevision;
}

/**
 * What may be done now: pods come in the order of their ordinals, each when the one before is available, and go in the reverse
 * order; then the present template is rolled out from the last to the first. `Parallel` waits for nobody but rolls out alike.
 */
export function nextSteps(situation: Situation): Action[] {
  const { set, pods, now } = situation;
  const inOrder = set.spec?.podManagementPolicy !== 'Parallel';
  const first = firstOrdinal(set);
  const end = first + (set.spec?.replicas ?? 1);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod) ?? -1, pod]));
  const healthy = (pod: Pod) =>
    !pod.metadata.deletionTimestamp && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);

  const actions: Action[] = [];
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) actions.push(...creation(situation, ordinal));
    else if (isTerminal(pod) && !pod.metadata.deletionTimestamp) actions.push(...deletion(set, pod));
    else if (healthy(pod)) continue;
    if (inOrder) return actions;
  }
  const condemned = [...byOrdinal].filter(([ordinal]) => ordinal < first || ordinal >= end).sort(([a], [b]) => b - a);
  for (const [, pod] of condemned) {
    if (!pod.metadata.deletionTimestamp) actions.push(...deletion(set, pod));
    if (inOrder) return actions;
  }
  if (actions.length > 0 || set.spec?.updateStrategy?.type === 'OnDelete') return actions;
  return rollOut(situation, byOrdinal, healthy);
}

/** One pod at a time, from the last; one that does not become available holds the others up. */
function rollOut(
  { set, update }: Situation,
  byOrdinal: ReadonlyMap<number, Pod>,
  healthy: (pod: Pod) => boolean,
): Action[] {
  const first = firstOrdinal(set);
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (let ordinal = first + (set.spec?.replicas ?? 1) - 1; ordinal >= first + partition; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) return [];
    const outdated = pod.metadata.labels?.[podRevisionLabel] !== update.metadata.name;
    if (outdated && !pod.metadata.deletionTimestamp) return deletion(set, pod);
    if (!healthy(pod)) return [];
  }
  return [];
}

function creation(situation: Situation, ordinal: number): Action[] {
  const { set, view, current, update } = situation;
  const index = ordinal - firstOrdinal(set);
  const { updateStrategy } = set.spec ?? {};
  // Those that the rollout has not reached come back as they were.
  const reached =
    updateStrategy?.type === 'OnDelete' ? 0 : (updateStrategy?.rollingUpdate?.partition ?? notReached(situation));
  const revision = index < reached ? current : update;
  const template = templateOf(revision) ?? set.spec?.template;
  if (!template) return [];
  const pod = podOf(set, template, ordinal, revision.metadata.name);
  const { name } = pod.metadata;
  const event = (reason: string, message: string, severity: 'Normal' | 'Warning' = 'Normal'): Action => ({
    type: 'event',
    about: set,
    severity,
    reason,
    message,
  });
  const created = `create Pod ${name} in StatefulSet ${set.metadata.name}`;
  return [
    ...missingClaims(set, name, view),
    {
      type: 'create',
      resource: resources.pods,
      object: pod,
      failed: (error) => [event('FailedCreate', `${created} failed error: ${error.message}`, 'Warning')],
    },
    event('SuccessfulCreate', `${created} successful`),
  ];
}

/** How many pods from the first on the rollout has not come to: up to the last that runs the former revision. */
function notReached({ set, pods, current, update }: Situation): number {
  if (current.metadata.name === update.metadata.name) return 0;
  const former = pods.filter(
    ({ metadata }) => metadata.labels?.[podRevisionLabel] === current.metadata.name && !metadata.deletionTimestamp,
  );
  return Math.max(0, ...former.map((pod) => (ordinalOf(set, pod) ?? 0) - firstOrdinal(set) + 1));
}

function deletion(set: StatefulSet, pod: Pod): Action[] {
  const { uid, name } = pod.metadata;
  const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
  const message = `delete Pod ${name} in StatefulSet ${set.metadata.name} successful`;
  return [
    { type: 'delete', resource: resources.pods, key: keyOf(pod), ...options },
    { type: 'event', about: set, severity: 'Normal', reason: 'SuccessfulDelete', message },
  ];
}
