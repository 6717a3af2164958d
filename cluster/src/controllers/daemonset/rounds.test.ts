import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { DaemonSet, Node, Pod } from '@berth/kube/objects';
import { applyMergePatch } from '@berth/kube/patch';
import { type Action, fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import type { ControllerRevision } from '../revisions.ts';
import { daemonSetController } from './index.ts';
import { nodeNameOf } from './placement.ts';

interface Done {
  created?: Pick<Pod, 'metadata' | 'spec'>[];
  deleted?: string[];
  patched?: string[];
  revisions?: string[];
  status?: DaemonSet['status'];
  events?: string[];
}

/** What kube-controller-manager's own daemon set controller does in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: {
    set: DaemonSet;
    nodes: Node[];
    pods: Pod[] | null;
    revisions: ControllerRevision[] | null;
    expected: Done;
  }[];
};
const now = Date.parse('2026-03-01T12:00:00Z');

function decide(set: DaemonSet, others: readonly (Node | Pod | ControllerRevision)[]): Required<Done> {
  const { actions } = daemonSetController().reconcile(set, fixedView([set, ...others]), now);
  const done: Required<Done> = { created: [], deleted: [], patched: [], revisions: [], events: [], status: undefined };
  for (const action of actions) record(done, action, set);
  return done;
}

function record(done: Required<Done>, action: Action, set: DaemonSet): void {
  if (action.type === 'event') {
    done.events.push(`${action.severity} ${action.reason} ${action.message}`);
    return;
  }
  if (action.type !== 'create' && action.type !== 'delete' && action.type !== 'patch') throw new Error(action.type);
  const { resource } = action.resource;
  if (resource === 'daemonsets' && action.type === 'patch') {
    done.status = applyMergePatch(set, action.patch.body).status;
    return;
  }
  const into = resource === 'pods' ? done.patched : done.revisions;
  if (action.type === 'create') {
    if (resource === 'pods') done.created.push(action.object as Pod);
    else into.push(`create ${(action.object as ControllerRevision).revision}`);
  } else if (action.type === 'delete') {
    if (resource === 'pods') done.deleted.push(action.key.name);
    else into.push(`delete ${action.key.name}`);
  } else {
    const { metadata = {}, revision } = action.patch.body as Partial<ControllerRevision>;
    const owners = (metadata as { ownerReferences?: object[] | null }).ownerReferences;
    const what = owners === undefined ? 'update' : owners === null ? 'release' : 'adopt';
    into.push(`${what} ${action.key.name}${revision === undefined ? '' : ` ${revision}`}`);
  }
}

/** What is left when order and the names of hashes are put aside. */
function comparable(done: Done, set: DaemonSet, known: readonly ControllerRevision[]) {
  const hashes = new Set(known.map(({ metadata }) => metadata.labels?.['controller-revision-hash']));
  const created = (done.created ?? []).map((pod) => {
    const { 'controller-revision-hash': hash, ...labels } = pod.metadata.labels ?? {};
    const spec = JSON.parse(JSON.stringify(pod.spec, (key, value) => (key === 'resources' ? undefined : value)));
    const tolerations = [...spec.tolerations].map((each) => JSON.stringify(each, Object.keys(each).sort())).sort();
    const node = nodeNameOf({ ...pod, spec: { ...spec, nodeName: undefined } } as Pod);
    return { node, labels, hash: hashes.has(hash) ? hash : 'new', spec: { ...spec, tolerations } };
  });
  const status = done.status ?? set.status ?? {};
  return {
    created: created.sort((a, b) => ((a.node ?? '') < (b.node ?? '') ? -1 : 1)),
    deleted: [...(done.deleted ?? [])].sort(),
    // Upstream claims pods several times a round.
    patched: [...new Set(done.patched)].sort(),
    revisions: [...new Set(done.revisions)].sort(),
    events: (done.events ?? []).filter((each) => !/SuccessfulCreate|SuccessfulDelete/.test(each)).sort(),
    status: Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0)),
  };
}

function isGoing(pods: readonly Pod[] | null, name: string): boolean {
  return pods?.some(({ metadata }) => metadata.name === name && metadata.deletionTimestamp) ?? false;
}

test('every round is decided as by Kubernetes', () => {
  expect(cases.length).toBeGreaterThan(2000);
  for (const [number, { set, nodes, pods, revisions, expected }] of cases.entries()) {
    const known = revisions ?? [];
    // Upstream deletes some pods that are going already once more, and waits for that.
    if (expected.deleted?.some((name) => isGoing(pods, name))) continue;
    const decided = comparable(decide(set, [...nodes, ...(pods ?? []), ...known]), set, known);
    expect(decided, `round ${number}`).toEqual(comparable(expected, set, known));
  }
});
