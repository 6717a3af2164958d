import { manualClock } from '@berth/kube/client';
import type { Node, Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { SchedulingQueue } from './queue.ts';
import { podInfo } from './requests.ts';
import type { PodInfo } from './types.ts';

function pod(name: string, priority = 0, spec: object = {}): PodInfo {
  const made: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name },
    spec: { priority, containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '2' } } }], ...spec },
  };
  return podInfo(made);
}

function node(name: string, cpu: string, spec: object = {}): Node {
  const allocatable = { cpu, memory: '8Gi', pods: '110' };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec, status: { allocatable } };
}

function started() {
  const clock = manualClock();
  return { clock, queue: new SchedulingQueue(clock, () => {}) };
}

test('the more important first, then in the order they came', () => {
  const { queue } = started();
  queue.add('one', pod('one'));
  queue.add('two', pod('two'));
  queue.add('urgent', pod('urgent', 10));
  expect([queue.take()?.key, queue.take()?.key, queue.take()?.key, queue.take()]).toEqual([
    'urgent',
    'one',
    'two',
    undefined,
  ]);
});

test('a pod is tried again when what refused it may answer differently, and not before', () => {
  const { clock, queue } = started();
  queue.add('one', pod('one'));
  queue.take();
  queue.park('one', new Set(['NodeResourcesFit']));
  clock.advance(20_000);
  const small = node('a', '1');
  queue.changed({ what: 'nodeAdded', node: small });
  queue.changed({ what: 'nodeChanged', before: node('b', '4', { unschedulable: true }), node: node('b', '4') });
  queue.changed({ what: 'podPlaced', pod: pod('other'), nodeName: 'a' });
  expect(queue.take()).toBeUndefined();
  queue.changed({ what: 'nodeChanged', before: small, node: node('a', '4') });
  expect(queue.take()?.key).toBe('one');

  queue.park('one', new Set(['TaintToleration']));
  clock.advance(20_000);
  queue.changed({ what: 'podGone', pod: pod('other'), nodeName: 'a' });
  expect(queue.take()).toBeUndefined();
  const taints = [{ key: 'gpu', effect: 'NoSchedule' as const }];
  queue.changed({ what: 'nodeChanged', before: node('a', '4', { taints }), node: node('a', '4') });
  expect(queue.take()?.key).toBe('one');
});

test('nobody waits longer than five minutes', () => {
  const { clock, queue } = started();
  queue.add('one', pod('one'));
  queue.take();
  queue.park('one', new Set(['NodeAffinity']));
  clock.advance(299_000);
  expect(queue.take()).toBeUndefined();
  clock.advance(1_000);
  expect(queue.take()?.key).toBe('one');
});

test('a back-off is cut short when nobody else is there, but not after an error', () => {
  const { clock, queue } = started();
  queue.add('one', pod('one'));
  queue.take();
  queue.park('one', new Set(['NodeResourcesFit']));
  queue.changed({ what: 'podGone', pod: pod('other'), nodeName: 'a' });
  queue.add('two', pod('two'));
  expect(queue.take()?.key).toBe('two');
  expect(queue.take()?.key).toBe('one');
  queue.retry('one');
  expect(queue.take()).toBeUndefined();
  clock.advance(2_000);
  expect(queue.take()?.key).toBe('one');
});

test('whoever is clearing a node waits until its victims are told, and misses nothing meanwhile', () => {
  const { clock, queue } = started();
  queue.add('one', pod('one'));
  queue.take();
  queue.park('one', new Set(['NodeResourcesFit']), true);
  queue.changed({ what: 'podGone', pod: pod('victim'), nodeName: 'a' });
  clock.advance(5_000);
  expect(queue.take()).toBeUndefined();
  queue.unhold('one');
  expect(queue.take()?.key).toBe('one');
});
