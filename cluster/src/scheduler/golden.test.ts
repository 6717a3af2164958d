import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Namespace, Node, Pod, PodDisruptionBudget, Service } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { feasibility } from './feasibility.ts';
import { refusalMessage } from './message.ts';
import { preempt } from './preemption/index.ts';
import { podInfo } from './requests.ts';
import { schedule } from './schedule.ts';
import { scores, total } from './scores/index.ts';
import { ClusterState, type Selecting } from './snapshot.ts';

interface Case {
  nodes: Node[];
  namespaces: Namespace[];
  services?: Service[];
  replicaSets?: Selecting[];
  budgets?: PodDisruptionBudget[];
  placed?: Pod[];
  nominated?: Pod[];
  pod: Pod;
  expected: {
    fits: string[];
    /** By node and plugin, times the plugin's weight. */
    scores?: Record<string, Record<string, number>>;
    message?: string;
    node?: string;
    victims?: string[];
  };
}

/** What kube-scheduler's own plugins decide; see golden/README.md. */
const file = new URL('golden/decisions.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as { cases: Case[] };

function stateOf(given: Case): ClusterState {
  const state = new ClusterState();
  for (const { metadata } of given.namespaces) state.setNamespace(metadata.name, metadata.labels);
  for (const node of given.nodes) state.setNode(node);
  for (const service of given.services ?? []) state.setService(service, true);
  for (const replicaSet of given.replicaSets ?? []) state.setOwner('ReplicaSet', replicaSet, true);
  for (const pod of given.placed ?? []) state.setPod(podInfo(pod), pod.spec?.nodeName ?? '');
  for (const pod of given.nominated ?? []) state.nominate(podInfo(pod), pod.status?.nominatedNodeName);
  return state;
}

function decide(given: Case): Case['expected'] {
  const state = stateOf(given);
  const info = podInfo(given.pod);
  const rules = feasibility(info, state);
  const asked = rules.hopeless ? [] : state.nodes.filter(({ name }) => rules.only?.includes(name) ?? true);
  const candidates = asked.filter((node) => !rules.refuses(node));
  const fits = candidates.map(({ name }) => name).sort();
  if (candidates.length > 0) {
    if (candidates.length === 1) return { fits };
    const told: Record<string, Record<string, number>> = Object.fromEntries(fits.map((name) => [name, {}]));
    total(scores, info, state, candidates, (plugin, values) => {
      const weight = scores.find(({ name }) => name === plugin)?.weight ?? 0;
      for (const [at, { name }] of candidates.entries()) {
        const value = weight * (values[at] ?? 0);
        if (value !== 0) Object.assign(told[name] ?? {}, { [plugin]: value });
      }
    });
    return { fits, scores: told };
  }
  const decision = schedule(info, state, { start: 0 });
  if ('node' in decision) throw new Error('it fits after all');
  const preemption = preempt(info, decision, state, given.budgets ?? [], 0);
  const message = refusalMessage(decision, preemption);
  if (!('node' in preemption)) return { fits, message };
  const victims = preemption.victims.pods.map(({ pod }) => pod.metadata.name);
  return { fits, message, node: preemption.node, victims };
}

/** A plugin that says nothing and one that gives every node nothing are alike. */
function withoutZeros(given: Case['expected']): Case['expected'] {
  if (!given.scores) return given;
  const said = Object.entries(given.scores).map(([node, plugins]) => {
    return [node, Object.fromEntries(Object.entries(plugins).filter(([, score]) => score !== 0))];
  });
  return { ...given, scores: Object.fromEntries(said) };
}

test('decides as kube-scheduler', () => {
  const wrong = cases.flatMap((given, at) => {
    const [decided, expected] = [decide(given), withoutZeros(given.expected)];
    return isSame(decided, expected) ? [] : [{ at, decided, expected }];
  });
  expect(cases.length).toBeGreaterThan(500);
  expect(wrong).toEqual([]);
});

function isSame(one: Case['expected'], other: Case['expected']): boolean {
  try {
    expect(one).toEqual(other);
    return true;
  } catch {
    return false;
  }
}
