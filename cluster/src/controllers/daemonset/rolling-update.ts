import type { DaemonSet, Node, Pod } from '@berth/kube/objects';
import { resolveIntOrPercent } from '../int-or-percent.ts';
import { isAvailable } from '../pods/index.ts';
import { belongs } from './placement.ts';
import type { Daemons, Step } from './types.ts';

/** Whether a new pod may come to a node before the old one goes. */
export function allowsSurge(set: DaemonSet): boolean {
  return surgeOf(set, 1) > 0;
}

function surgeOf({ spec }: DaemonSet, nodes: number): number {
  if (spec?.updateStrategy?.type === 'OnDelete') return 0;
  return resolveIntOrPercent(spec?.updateStrategy?.rollingUpdate?.maxSurge ?? 0, nodes, 'up');
}

/** One step of a rolling update, within its limits. It counts on every node having one pod at most, or two where one is a new one. */
export function rollOut(daemons: Daemons): Step {
  const { set, nodes, byNode } = daemons;
  const wanted = nodes.filter((node) => belongs(set.spec?.template ?? {}, node, 'start'));
  const surge = surgeOf(set, wanted.length);
  const names = new Set([...wanted.map(({ metadata }) => metadata.name), ...byNode.keys()]);
  const situations = [...names].map((name) => situationOn(daemons, name));
  if (surge > 0) return surging(daemons, situations, { wanted, surge });
  const { maxUnavailable = 1 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  // With neither of the two allowed nothing could ever move.
  const most = Math.max(wanted.length > 0 ? 1 : 0, resolveIntOrPercent(maxUnavailable, wanted.length, 'up'));
  return replacing(situations, most);
}

interface Situation {
  name: string;
  newPod: Pod | undefined;
  oldPod: Pod | undefined;
  isNewAvailable: boolean;
  isOldAvailable: boolean;
  /** More pods than there should be: they are put in order first, and until then count as unavailable. */
  isCrowded: boolean;
}

function situationOn({ set, now, byNode, isUpdated }: Daemons, name: string): Situation {
  const pods = (byNode.get(name) ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const [newPod, ...newer] = pods.filter(isUpdated);
  const [oldPod, ...older] = pods.filter((pod) => !isUpdated(pod));
  const isServing = (pod: Pod | undefined) =>
    pod !== undefined && isAvailable(pod, set.spec?.minReadySeconds ?? 0, now);
  return {
    name,
    newPod,
    oldPod,
    isNewAvailable: isServing(newPod),
    isOldAvailable: isServing(oldPod),
    isCrowded: newer.length + older.length > 0,
  };
}

/** Outdated pods go: all that serve nobody, and of the others as many as may be missing. */
function replacing(situations: readonly Situation[], most: number): Step {
  let unavailable = 0;
  const idle: Pod[] = [];
  const serving: Pod[] = [];
  for (const { newPod, oldPod, isNewAvailable, isOldAvailable, isCrowded } of situations) {
    if (isCrowded || Boolean(newPod) === Boolean(oldPod)) unavailable++;
    else if (newPod) unavailable += isNewAvailable ? 0 : 1;
    else if (oldPod && isOldAvailable) serving.push(oldPod);
    else if (oldPod) {
      idle.push(oldPod);
      unavailable++;
    }
  }
  return { start: [], remove: [...idle, ...serving.slice(0, Math.max(0, most - unavailable))] };
}

/**
 * New pods come beside outdated ones: at once where the old one serves nobody, and elsewhere as many at a time as the surge allows. An old
 * one goes when its successor is available; one on a node that is no longer wanted when enough others are.
 */
function surging(
  { set, nodes }: Daemons,
  situations: readonly Situation[],
  { wanted, surge }: { wanted: readonly Node[]; surge: number },
): Step {
  const byName = new Map(nodes.map((node) => [node.metadata.name, node]));
  const remove: Pod[] = [];
  const leaving: Pod[] = [];
  const atOnce: Node[] = [];
  const candidates: Node[] = [];
  let surged = 0;
  let available = 0;
  for (const { name, newPod, oldPod, isNewAvailable, isOldAvailable, isCrowded } of situations) {
    if (isCrowded) {
      surged++;
      continue;
    }
    if (oldPod ? isOldAvailable : isNewAvailable) available++;
    if (!oldPod) continue;
    if (newPod) {
      if (isNewAvailable) remove.push(oldPod);
      else surged++;
      continue;
    }
    const node = byName.get(name);
    if (!node) continue;
    if (belongs(set.spec?.template ?? {}, node, 'start')) (isOldAvailable ? candidates : atOnce).push(node);
    else (isOldAvailable ? leaving : remove).push(oldPod);
  }
  remove.push(...leaving.slice(0, Math.max(0, available - wanted.length)));
  return { start: [...atOnce, ...candidates.slice(0, Math.max(0, surge - surged))], remove };
}
