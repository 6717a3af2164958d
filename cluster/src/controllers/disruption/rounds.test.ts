import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BerthError } from '@berth/kube/errors';
import type { KubeObject, PodDisruptionBudget } from '@berth/kube/objects';
import { applyMergePatch } from '@berth/kube/patch';
import { type Action, fixedView } from '@berth/kube/reconcile';
import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe, expect, test } from 'vitest';
import type { PathApi } from '../horizontal/index.ts';
import { disruptionController, staleDisruptionController } from './index.ts';

describe('pods that were to be disrupted', () => {
  goldenTests(`${import.meta.dirname}/golden`, staleDisruptionController);
});

interface Expected {
  status?: PodDisruptionBudget['status'];
  events?: string[];
}

/** What kube-controller-manager's own disruption controller does in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { objects: [PodDisruptionBudget, ...KubeObject[]]; gadgets?: Record<string, object>; expected: Expected }[];
};
const now = Date.parse('2026-03-01T12:00:00Z');

/** The kinds that upstream was told of: gadgets have a scale, daemon sets have none. */
function apiWith(gadgets: Record<string, object>): PathApi {
  const served: Record<string, { name: string; kind: string }[]> = {
    '/apis/apps/v1': [
      { name: 'replicasets', kind: 'ReplicaSet' },
      { name: 'replicasets/scale', kind: 'Scale' },
      { name: 'statefulsets', kind: 'StatefulSet' },
      { name: 'statefulsets/scale', kind: 'Scale' },
      { name: 'daemonsets', kind: 'DaemonSet' },
    ],
    '/apis/example.com/v1': [
      { name: 'gadgets', kind: 'Gadget' },
      { name: 'gadgets/scale', kind: 'Scale' },
    ],
  };
  return {
    async get(path) {
      if (served[path]) return { resources: served[path] };
      const name = /^\/apis\/example.com\/v1\/namespaces\/shop\/gadgets\/(.*)\/scale$/.exec(path)?.[1];
      const found = name && gadgets[name];
      if (!found) throw new BerthError('NotFound', `${path} not found`);
      return found;
    },
    patch: () => Promise.reject(new Error('nobody asked for this')),
  };
}

async function decide(objects: readonly KubeObject[], gadgets: Record<string, object> = {}): Promise<Expected> {
  const [budget, ...rest] = objects as [PodDisruptionBudget, ...KubeObject[]];
  const { actions } = disruptionController(apiWith(gadgets)).reconcile(budget, fixedView([budget, ...rest]), now);
  const [first] = actions;
  const done: readonly Action[] = first?.type === 'ask' ? await first.answer() : actions;
  const events = done.flatMap((each) =>
    each.type === 'event' ? [`${each.severity} ${each.reason} ${each.message}`] : [],
  );
  const write = done.find((each) => each.type === 'patch');
  if (write?.type !== 'patch') return { events };
  return { events, status: applyMergePatch(budget, write.patch.body).status };
}

/** A transition is made at the time of the round here, and at that of the real clock upstream. */
function comparable({ events = [], ...rest }: Expected, before: PodDisruptionBudget) {
  // A write that changes nothing is none.
  const status = rest.status ?? before.status;
  const known = new Set(before.status?.conditions?.map(({ lastTransitionTime }) => lastTransitionTime));
  return {
    events: [...events].sort(),
    status: status && {
      currentHealthy: status.currentHealthy ?? 0,
      desiredHealthy: status.desiredHealthy ?? 0,
      disruptionsAllowed: status.disruptionsAllowed ?? 0,
      expectedPods: status.expectedPods ?? 0,
      observedGeneration: status.observedGeneration,
      disruptedPods: status.disruptedPods ?? {},
      conditions: status.conditions?.map((each) => ({
        ...each,
        observedGeneration: each.observedGeneration ?? 0,
        lastTransitionTime: known.has(each.lastTransitionTime) ? each.lastTransitionTime : 'now',
      })),
    },
  };
}

test('every round is decided as by Kubernetes', async () => {
  expect(cases.length).toBeGreaterThan(2500);
  for (const [number, { objects, gadgets, expected }] of cases.entries()) {
    const decided = await decide(objects, gadgets);
    expect(comparable(decided, objects[0]), `round ${number}`).toEqual(comparable(expected, objects[0]));
  }
});
