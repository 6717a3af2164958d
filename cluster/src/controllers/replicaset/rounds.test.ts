import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Pod, ReplicaSet } from '@berth/kube/objects';
import { applyMergePatch } from '@berth/kube/patch';
import { fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import { replicaSetController } from './index.ts';

interface Done {
  created?: number;
  deleted?: string[];
  patched?: string[];
  status?: ReplicaSet['status'];
}

/** What kube-controller-manager's own replica set controller does in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { now: string; set: ReplicaSet; siblings: ReplicaSet[] | null; pods: Pod[] | null; expected: Done }[];
};

function decide(now: string, set: ReplicaSet, others: readonly (ReplicaSet | Pod)[]): Required<Done> {
  const { actions } = replicaSetController.reconcile(set, fixedView([set, ...others]), Date.parse(now));
  const done: Required<Done> = { created: 0, deleted: [], patched: [], status: undefined };
  for (const action of actions) {
    if (action.type === 'create') done.created += 1;
    else if (action.type === 'delete') done.deleted.push(action.key.name);
    else if (action.type === 'patch' && action.resource.resource === 'replicasets') {
      done.status = applyMergePatch(set, action.patch.body).status;
    } else if (action.type === 'patch') {
      const { metadata } = action.patch.body as { metadata: { ownerReferences: object[] | null } };
      done.patched.push(`${metadata.ownerReferences === null ? 'release' : 'adopt'} ${action.key.name}`);
    }
  }
  return done;
}

function comparable({ created = 0, deleted = [], patched = [], status }: Done, { status: before }: ReplicaSet) {
  return {
    created,
    deleted: [...deleted].sort(),
    patched: [...patched].sort(),
    // Counts of nothing may be left out or written.
    status: Object.fromEntries(Object.entries(status ?? before ?? {}).filter(([, value]) => value !== 0)),
  };
}

test('every round is decided as by Kubernetes', () => {
  expect(cases.length).toBeGreaterThan(2900);
  for (const [number, { now, set, siblings, pods, expected }] of cases.entries()) {
    const decided = decide(now, set, [...(siblings ?? []), ...(pods ?? [])]);
    expect(comparable(decided, set), `round ${number}`).toEqual(comparable(expected, set));
  }
});
