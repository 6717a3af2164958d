import type { Event, KubeObject, Pod, ReplicaSet } from '@berth/kube/objects';
import { type Health, type Level, urgency } from '../../kinds/health.ts';
import { timeOf } from '../../kinds/timeline.ts';

/** An object with how it is; the three columns are made of these. */
export interface Judged<T extends KubeObject = KubeObject> {
  object: T;
  health: Health;
}

export interface Tally {
  well: number;
  all: number;
  worst: Level;
}

export function tally(judged: readonly Judged[]): Tally {
  const well = judged.filter(({ health }) => !isTrouble(health)).length;
  const worst = judged.reduce<Level>(
    (level, { health }) => (urgency[health.level] < urgency[level] ? health.level : level),
    'ok',
  );
  return { well, all: judged.length, worst };
}

/** What a person may have to look at; what goes on or stands still on purpose is none. */
export function isTrouble({ level, word }: Health): boolean {
  return level === 'failed' || level === 'degraded' || (level === 'unknown' && word === 'status.unknown');
}

export interface Need {
  id: string;
  /** The first of those alike. */
  object: KubeObject;
  health: Health;
  /** How many pods of one owner share the trouble. */
  alike: number;
}

/**
 * What needs a person: the pods in trouble, those of one owner with one reason together, then what else is in
 * trouble, unless its own pods say why already. The most urgent first.
 */
export function needsOf(pods: readonly Judged<Pod>[], others: readonly Judged[]): Need[] {
  const needs = new Map<string, Need>();
  const explained = new Set<string>();
  for (const { object, health } of pods.filter((one) => isTrouble(one.health))) {
    const owner = object.metadata.ownerReferences?.find((one) => one.controller === true);
    const id = `${owner?.uid ?? object.metadata.uid} ${health.reason ?? ''}`;
    const known = needs.get(id);
    if (known === undefined) needs.set(id, { id, object, health, alike: 1 });
    else known.alike += 1;
    if (owner !== undefined) explained.add(owner.uid);
  }
  for (const { object } of others) {
    const owner = object.metadata.ownerReferences?.find((one) => one.controller === true);
    if (owner !== undefined && explained.has(object.metadata.uid ?? '')) explained.add(owner.uid);
  }
  for (const { object, health } of others.filter((one) => isTrouble(one.health))) {
    const id = object.metadata.uid ?? object.metadata.name;
    if (!explained.has(id)) needs.set(id, { id, object, health, alike: 1 });
  }
  return [...needs.values()].sort((one, other) => urgency[one.health.level] - urgency[other.health.level]);
}

export type ChangeWord =
  | 'change.created'
  | 'change.revision'
  | 'change.restarted'
  | 'change.finished'
  | 'change.failed'
  | 'change.joined';

export interface Change {
  id: string;
  time: string;
  object: KubeObject;
  word: ChangeWord;
  values?: Record<string, string>;
}

const revisionOf = 'deployment.kubernetes.io/revision';

/** What was created, rolled out, restarted or finished, the latest first. */
export function changesOf(
  objects: {
    created: readonly KubeObject[];
    replicaSets: readonly ReplicaSet[];
    pods: readonly Pod[];
    nodes: readonly KubeObject[];
    jobs: readonly Judged[];
  },
  limit: number,
): Change[] {
  const changes: Change[] = [];
  const add = (object: KubeObject, time: string | undefined, change: Pick<Change, 'word' | 'values'>) => {
    if (time !== undefined)
      changes.push({ id: `${object.metadata.uid} ${change.word} ${time}`, time, object, ...change });
  };
  for (const object of objects.created) add(object, object.metadata.creationTimestamp, { word: 'change.created' });
  for (const node of objects.nodes) add(node, node.metadata.creationTimestamp, { word: 'change.joined' });
  for (const { object, health } of objects.jobs) {
    const ended = (object.status as { completionTime?: string } | undefined)?.completionTime;
    if (health.level === 'done') add(object, ended, { word: 'change.finished' });
    if (health.level === 'failed') add(object, ended ?? object.metadata.creationTimestamp, { word: 'change.failed' });
  }
  for (const set of objects.replicaSets) {
    const revision = set.metadata.annotations?.[revisionOf] ?? '1';
    const owner = set.metadata.ownerReferences?.find((one) => one.kind === 'Deployment');
    if (owner === undefined || revision === '1') continue;
    const deployment = {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      metadata: { ...set.metadata, name: owner.name },
    };
    add(deployment, set.metadata.creationTimestamp, { word: 'change.revision', values: { revision } });
  }
  for (const pod of objects.pods) {
    for (const status of pod.status?.containerStatuses ?? []) {
      const ended = status.lastState?.terminated?.finishedAt;
      if (status.restartCount > 0) add(pod, ended, { word: 'change.restarted', values: { name: status.name } });
    }
  }
  return changes.sort((one, other) => (one.time < other.time ? 1 : -1)).slice(0, limit);
}

/** The latest warning about an object, in the cluster's words. */
export function latestWarning(object: KubeObject, events: readonly Event[]): string | undefined {
  let latest: Event | undefined;
  for (const event of events) {
    if (event.type !== 'Warning' || event.involvedObject.uid !== object.metadata.uid) continue;
    if (latest === undefined || (timeOf(latest) ?? '') < (timeOf(event) ?? '')) latest = event;
  }
  return latest?.message;
}
