import type { DaemonSet, Node, Pod } from '@berth/kube/objects';
import { type Action, fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import { daemonSetController } from './index.ts';

const labels = { app: 'agent' };
const set: DaemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'shop', name: 'agent', uid: 'set-uid', generation: 1 },
  spec: {
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'main' }] } },
    updateStrategy: { type: 'OnDelete' },
  },
  status: {
    currentNumberScheduled: 1,
    desiredNumberScheduled: 1,
    numberMisscheduled: 0,
    numberReady: 0,
    observedGeneration: 1,
  },
};
const failed: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'shop',
    name: 'agent-x',
    labels,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'agent', uid: 'set-uid', controller: true }],
  },
  spec: { nodeName: 'a', containers: [{ name: 'main', image: 'main' }] },
  status: { phase: 'Failed' },
};
const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };

const isDeletion = (action: Action) => action.type === 'delete' && action.key.name === 'agent-x';

test('a pod that a node refuses again and again is replaced at longer and longer intervals', () => {
  const controller = daemonSetController();
  const look = (now: number) => {
    const { actions, requeueAfter } = controller.reconcile(set, fixedView([set, failed, node]), now);
    return actions.some(isDeletion) ? 'replaced' : requeueAfter;
  };
  const start = Date.parse('2026-01-01T00:00:00Z');
  expect(look(start)).toBe('replaced');
  expect(look(start + 400)).toBe(600);
  expect(look(start + 1000)).toBe('replaced');
  expect(look(start + 1000)).toBe(2000);
  expect(look(start + 3000)).toBe('replaced');
  expect(look(start + 3000)).toBe(4000);
  let at = start + 3000;
  for (let round = 0; round < 12; round += 1) {
    at += Number(look(at));
    expect(look(at)).toBe('replaced');
  }
  expect(look(at)).toBe(15 * 60_000);
  // Who was well for long enough begins anew.
  const later = at + 31 * 60_000;
  expect(look(later)).toBe('replaced');
  expect(look(later)).toBe(1000);
});
