import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Namespace, Node, Pod } from '@berth/kube/objects';
import { type Action, fixedView } from '@berth/kube/reconcile';
import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe, expect, test } from 'vitest';
import { podGarbageController, terminatedPodController } from './index.ts';

interface Patched {
  phase: string;
  observedGeneration?: number;
  conditions?: Record<string, unknown>[];
}

interface Expected {
  patched?: { name: string; status: Patched }[];
  deleted?: string[];
}

const stillMissing = { runs: () => true, forget() {}, keep() {}, elapsed: () => 40_000 };

describe('pods that no node will end', () => {
  goldenTests(`${import.meta.dirname}/golden`, podGarbageController(stillMissing));
});

describe('more pods that ended than are kept', () => {
  goldenTests(`${import.meta.dirname}/golden-terminated`, terminatedPodController(2));
});

test('a node that is not heard of yet keeps its pods for a while', () => {
  let elapsed = 0;
  const controller = podGarbageController({ ...stillMissing, elapsed: () => elapsed });
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'a' },
    spec: { containers: [], nodeName: 'far' },
  };
  expect(controller.reconcile(pod, fixedView([pod]), 0)).toEqual({ actions: [], requeueAfter: 40_000 });
  elapsed = 39_999.5;
  expect(controller.reconcile(pod, fixedView([pod]), 0)).toEqual({ actions: [], requeueAfter: 1 });
  elapsed = 40_000;
  expect(controller.reconcile(pod, fixedView([pod]), 0).actions).not.toEqual([]);
});

/** What kube-controller-manager's own collector does; see ../golden/README.md. */
const file = new URL('golden/looks.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { threshold: number; pods: Pod[] | null; nodes: Node[] | null; expected: Expected }[];
};

const now = Date.parse('2026-03-01T12:00:00Z');
const system: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };

test('a whole cluster is cleaned as by Kubernetes', () => {
  expect(cases.length).toBe(2000);
  for (const [number, { threshold, pods, nodes, expected }] of cases.entries()) {
    const view = fixedView([system, ...(pods ?? []), ...(nodes ?? [])]);
    const each = podGarbageController(stillMissing);
    const actions = [
      ...terminatedPodController(threshold).reconcile(system, view, now).actions,
      ...(pods ?? []).flatMap((pod) => each.reconcile(pod, view, now).actions),
    ];
    expect(comparable(done(actions)), `look ${number}`).toEqual(comparable(expected));
  }
});

function done(actions: readonly Action[]): Expected {
  const patched: Expected['patched'] = [];
  const deleted: string[] = [];
  for (const action of actions) {
    if (action.type === 'delete') deleted.push(action.key.name);
    if (action.type !== 'patch') continue;
    patched.push({ name: action.key.name, ...(action.patch.body as { status: Patched }) });
  }
  return { patched, deleted };
}

/** Whoever is removed for two reasons is removed once. What else is in the patches is a matter of how they are written. */
function comparable({ patched = [], deleted = [] }: Expected) {
  const phases = patched.map(({ name, status: { phase, observedGeneration, conditions = [] } }) => {
    const why = conditions.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    return `${name} ${phase} ${observedGeneration} ${why}`;
  });
  return { patched: phases.sort(), deleted: [...new Set(deleted)].sort() };
}
