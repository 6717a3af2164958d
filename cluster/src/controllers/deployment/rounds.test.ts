import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Deployment, Pod, ReplicaSet } from '@berth/kube/objects';
import { applyMergePatch } from '@berth/kube/patch';
import { fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import { deploymentController } from './index.ts';

interface Size {
  replicas: number;
  minReadySeconds: number;
  annotations?: Record<string, string>;
}

interface Done {
  created?: Size[];
  changed?: Record<string, Size>;
  deleted?: string[];
  patched?: string[];
  status?: Deployment['status'];
  revision: string;
  events?: string[];
}

/** What kube-controller-manager's own deployment controller does in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { now: string; deployment: Deployment; sets: ReplicaSet[]; pods: Pod[] | null; expected: Done }[];
};
const revision = 'deployment.kubernetes.io/revision';

function sizeOf({ metadata, spec }: ReplicaSet): Size {
  const { annotations = {} } = metadata;
  return { replicas: spec?.replicas ?? 1, minReadySeconds: spec?.minReadySeconds ?? 0, annotations };
}

function decide(now: string, deployment: Deployment, sets: readonly ReplicaSet[], pods: readonly Pod[]): Done {
  const { actions } = deploymentController.reconcile(
    deployment,
    fixedView([deployment, ...sets, ...pods]),
    Date.parse(now),
  );
  const byName = new Map(sets.map((set) => [set.metadata.name, set]));
  const lists = { created: [] as Size[], deleted: [] as string[], patched: [] as string[], events: [] as string[] };
  const changed: Record<string, Size> = {};
  let after = deployment;
  for (const action of actions) {
    if (action.type === 'event') lists.events.push(`${action.severity} ${action.reason} ${action.message}`);
    else if (action.type === 'create') lists.created.push(sizeOf(action.object as ReplicaSet));
    else if (action.type === 'delete') lists.deleted.push(action.key.name);
    else if (action.type === 'patch' && action.resource.resource === 'deployments') {
      after = applyMergePatch(after, action.patch.body);
    } else if (action.type === 'patch') {
      const set = byName.get(action.key.name);
      const { metadata } = action.patch.body as { metadata?: { ownerReferences?: object[] | null } };
      const owners = metadata?.ownerReferences;
      if (owners !== undefined) lists.patched.push(`${owners === null ? 'release' : 'adopt'} ${action.key.name}`);
      else if (set) {
        const next = applyMergePatch(set, action.patch.body);
        byName.set(action.key.name, next);
        changed[action.key.name] = sizeOf(next);
      }
    }
  }
  return { ...lists, changed, status: after.status, revision: after.metadata.annotations?.[revision] ?? '' };
}

/** What is left when order, hashes and the moments of transitions are put aside. */
function comparable(done: Done, { metadata, status: before }: Deployment, sets: readonly ReplicaSet[]) {
  const names = new Set(sets.map((set) => set.metadata.name));
  const text = (message: string) => message.replace(/web-\w+/g, (name) => (names.has(name) ? name : 'web-new'));
  const times = new Set(before?.conditions?.flatMap((each) => [each.lastUpdateTime, each.lastTransitionTime]));
  const time = (at: string | undefined) => (times.has(at) ? at : 'now');
  const sizes = Object.entries(done.changed ?? {}).map(([name, { replicas, minReadySeconds, annotations = {} }]) => {
    return `${name} ${replicas} ${minReadySeconds} ${JSON.stringify(Object.entries(annotations).sort())}`;
  });
  const { conditions = [], ...counts } = done.status ?? before ?? {};
  return {
    created: (done.created ?? []).map(({ replicas, minReadySeconds, annotations }) => ({
      replicas,
      minReadySeconds,
      annotations,
    })),
    sizes: sizes.sort(),
    deleted: [...(done.deleted ?? [])].sort(),
    patched: [...(done.patched ?? [])].sort(),
    events: (done.events ?? []).map(text).sort(),
    revision: done.revision || metadata.annotations?.[revision] || '',
    counts: Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== 0)),
    conditions: conditions
      .map((each) => ({
        ...each,
        message: text(each.message ?? ''),
        lastUpdateTime: time(each.lastUpdateTime),
        lastTransitionTime: time(each.lastTransitionTime),
      }))
      .sort((a, b) => (a.type < b.type ? -1 : 1)),
  };
}

/** What is unavailable is told of the sets as they will be, upstream of the sets as they were: it is left out of a round that moves any. */
function decisions(of: ReturnType<typeof comparable>) {
  const { unavailableReplicas: _, ...counts } = of.counts;
  return of.created.length + of.sizes.length === 0 ? of : { ...of, counts };
}

/**
 * Where we mean to differ: a Deployment that is being deleted keeps its sets as they are, Recreate goes on with the old sets although somebody scaled
 * meanwhile (upstream waits for ever), the size that was asked for last is noted on a set that has it already, and a status that is older than the
 * last scaling down holds nothing up.
 */
function isOurs({ metadata, spec }: Deployment, sets: readonly ReplicaSet[]): boolean {
  const inUse = sets.filter((set) => (set.spec?.replicas ?? 0) > 0);
  const isStale = sets.some((set) => (set.status?.availableReplicas ?? 0) > (set.spec?.replicas ?? 0));
  const [only = sets.at(-1), ...others] = inUse;
  const noted = only?.metadata.annotations?.['deployment.kubernetes.io/desired-replicas'];
  const replicas = spec?.replicas ?? 1;
  const isSized = others.length === 0 && only?.spec?.replicas === replicas && noted !== String(replicas);
  return (
    metadata.deletionTimestamp !== undefined ||
    isStale ||
    isSized ||
    (spec?.strategy?.type === 'Recreate' && inUse.length > 1)
  );
}

test('every round is decided as by Kubernetes', () => {
  let compared = 0;
  for (const [number, { now, deployment, sets, pods, expected }] of cases.entries()) {
    if (isOurs(deployment, sets)) continue;
    compared += 1;
    const decided = decide(now, deployment, sets, pods ?? []);
    const one = decisions(comparable(decided, deployment, sets));
    expect(one, `round ${number}`).toEqual(decisions(comparable(expected, deployment, sets)));
  }
  expect(compared).toBeGreaterThan(1800);
});
