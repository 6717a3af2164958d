import { type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { isAvailable, isReady, isTerminal } from '../pods/index.ts';
import { podRevisionLabel, templateOf } from '../revisions.ts';
import { missingClaims } from './claims.ts';
import { firstOrdinal, isInRange, ordinalOf, podOf } from './identity.ts';
import { areClaimsOwned, hasStaleClaim, ownClaims } from './retention.ts';
import { claimFailure, deletion, identityActions, podCreation } from './steps.ts';
import type { Situation } from './types.ts';

export interface Steps {
  actions: Action[];
  /** One pod of the former revision fewer is to be counted: it was told to go. */
  isRolling: boolean;
}

/** A pod that the set is to have; one that is not there yet has no phase. */
interface Replica {
  pod: Pod;
  isThere: boolean;
}

/**
 * What may be done now: pods come in the order of their ordinals, each when the one before is available, and go in the reverse
 * order; then the present template is rolled out from the last to the first. `Parallel` waits for nobody but rolls out alike.
 */
export function nextSteps(situation: Situation): Steps {
  const { set, pods } = situation;
  const inOrder = set.spec?.podManagementPolicy !== 'Parallel';
  const replicas = replicasOf(situation);
  const actions: Action[] = [];
  let hasFailed = false;
  for (const replica of replicas) {
    const step = keep(situation, replica, inOrder);
    actions.push(...step.actions);
    if (step.isOver && inOrder) return { actions, isRolling: false };
    hasFailed ||= step.hasFailed === true;
  }
  if (hasFailed) return { actions: grouped(actions), isRolling: false };
  const condemned = pods
    .filter((pod) => !isInRange(set, pod))
    .sort((a, b) => (ordinalOf(set, b) ?? 0) - (ordinalOf(set, a) ?? 0));
  for (const pod of condemned) {
    const { updates, events } = areClaimsOwned(set, pod, situation.view)
      ? nothing
      : ownClaims(set, pod, situation.view);
    actions.push(...updates, ...events);
  }
  const away = scaleDown(situation, replicas, condemned, inOrder);
  actions.push(...away.actions);
  if (away.isOver || set.spec?.updateStrategy?.type === 'OnDelete')
    return { actions: grouped(actions), isRolling: false };
  const rolled = rollOut(situation, replicas);
  return { actions: grouped([...actions, ...rolled]), isRolling: rolled.length > 0 };
}

const nothing = { updates: [], events: [] };

function isHealthy({ set, now }: Situation, pod: Pod): boolean {
  return isAvailable(pod, set.spec?.minReadySeconds ?? 0, now) && pod.metadata.deletionTimestamp === undefined;
}

function replicasOf(situation: Situation): Replica[] {
  const { set, pods } = situation;
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
  return Array.from({ length: set.spec?.replicas ?? 1 }, (_, index) => {
    const ordinal = firstOrdinal(set) + index;
    const pod = byOrdinal.get(ordinal);
    return pod ? { pod, isThere: true } : { pod: newPod(situation, ordinal), isThere: false };
  });
}

/** A pod that the rollout has not reached comes back as it was. */
function newPod({ set, current, update }: Situation, ordinal: number): Pod {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const former = rollingUpdate ? (rollingUpdate.partition ?? 0) : (set.status?.currentReplicas ?? 0);
  const isRolling = rollingUpdate !== undefined || type !== 'OnDelete';
  const revision = isRolling && ordinal - firstOrdinal(set) < former ? current : update;
  return podOf(set, templateOf(revision) ?? set.spec?.template ?? {}, ordinal, revision.metadata.name);
}

interface Kept {
  actions: Action[];
  /** Nothing after this pod may be done before it is as it should be. */
  isOver: boolean;
  hasFailed?: boolean;
}

/** Brings one pod nearer to what it should be. */
function keep(situation: Situation, { pod, isThere }: Replica, inOrder: boolean): Kept {
  const { set, view, now } = situation;
  if (isTerminal(pod)) return { actions: pod.metadata.deletionTimestamp ? [] : deletion(set, pod), isOver: true };
  if (!isThere) {
    if (hasStaleClaim(set, pod, view)) return { actions: [], isOver: true };
    const claims = missingClaims(set, pod, view);
    const { updates, events } = ownClaims(set, pod, view);
    const made = [...claims.creations, ...claims.events];
    if (claims.going.length > 0) {
      return { actions: [...made, claimFailure(set, pod, claims.going)], isOver: true, hasFailed: true };
    }
    return { actions: [...made, ...podCreation(set, pod), ...updates, ...events], isOver: true };
  }
  const actions: Action[] = [];
  if (pod.status?.phase === 'Pending') {
    const claims = missingClaims(set, pod, view);
    const { updates, events } = ownClaims(set, pod, view);
    actions.push(...claims.creations, ...claims.events);
    if (claims.going.length > 0) return { actions, isOver: true, hasFailed: true };
    actions.push(...updates, ...events);
  }
  const isServing = isReady(pod) && pod.status?.phase === 'Running';
  const isUp = isServing && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  if (inOrder && (pod.metadata.deletionTimestamp || !isUp)) return { actions, isOver: true };
  return { actions: [...actions, ...identityActions(situation, pod)], isOver: false };
}

/** Pods beyond the number of replicas go from the last; in order, each when all before it are well or it is the first that is not. */
function scaleDown(
  situation: Situation,
  replicas: readonly Replica[],
  condemned: readonly Pod[],
  inOrder: boolean,
): Kept {
  const { set } = situation;
  const all = [...replicas.map(({ pod }) => pod), ...[...condemned].reverse()];
  const firstUnwell = all.find((pod) => !isHealthy(situation, pod));
  const actions: Action[] = [];
  for (const pod of condemned) {
    const isGoing = pod.metadata.deletionTimestamp !== undefined;
    const isServing = pod.status?.phase === 'Running' && isHealthy(situation, pod);
    const waits = isGoing || (!isServing && pod !== firstUnwell);
    if (inOrder && waits) return { actions, isOver: true };
    if (!isGoing) actions.push(...deletion(set, pod));
    if (inOrder) return { actions, isOver: true };
  }
  return { actions, isOver: false };
}

/** One pod at a time, from the last; one that does not become available holds the others up. */
function rollOut(situation: Situation, replicas: readonly Replica[]): Action[] {
  const { set, update } = situation;
  const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const { pod, isThere } of replicas.slice(partition).reverse()) {
    const isOutdated = pod.metadata.labels?.[podRevisionLabel] !== update.metadata.name;
    // One that ended was told to go already.
    if (isThere && isOutdated && !pod.metadata.deletionTimestamp) return isTerminal(pod) ? [] : deletion(set, pod);
    if (!isThere || !isHealthy(situation, pod)) return [];
  }
  return [];
}

/** What may go side by side stands together: claims, then the pods that need them, then what is told of both. */
function grouped(actions: readonly Action[]): Action[] {
  const rank = (action: Action) => {
    if (action.type === 'event') return 3;
    if (action.type !== 'create') return 2;
    return action.resource.resource === resources.persistentVolumeClaims.resource ? 0 : 1;
  };
  return [...actions].sort((a, b) => rank(a) - rank(b));
}
