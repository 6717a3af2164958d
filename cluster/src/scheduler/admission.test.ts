import type { Node, Pod, PodSpec } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { rejectionOf } from './admission.ts';

const allocatable = { cpu: '1', memory: '1Gi', pods: '3', 'example.com/gpu': '1' };
const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', labels: { disk: 'fast' } },
  status: { allocatable },
};

function pod(spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}, hostPort?: number): Pod {
  const ports = hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort, protocol: 'TCP' as const }] };
  const containers = [{ name: 'main', image: 'a', resources: { requests }, ...ports }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers, ...spec } };
}

test('a pod that fits is taken', () => {
  const asking = pod({ nodeSelector: { disk: 'fast' } }, { cpu: '500m', memory: '1Gi' }, 80);
  expect(rejectionOf(asking, [pod({}, { cpu: '500m' }, 81)], node)).toBeUndefined();
});

test.each([
  {
    what: 'more of a resource than is left',
    asking: pod({}, { cpu: '600m', memory: '2Gi' }),
    others: [pod({}, { cpu: '500m' })],
    reason: 'OutOfcpu',
    message: "Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000",
  },
  {
    what: 'a device that is taken',
    asking: pod({}, { 'example.com/gpu': '1' }),
    others: [pod({}, { 'example.com/gpu': '1' })],
    reason: 'OutOfexample.com/gpu',
    message: "Node didn't have enough resource: example.com/gpu, requested: 1, used: 1, capacity: 1",
  },
  {
    what: 'a place where all are taken',
    asking: pod(),
    others: [pod(), pod(), pod()],
    reason: 'OutOfpods',
    message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
  },
  {
    what: 'another node',
    asking: pod({ nodeSelector: { disk: 'slow' } }),
    others: [],
    reason: 'NodeAffinity',
    message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  },
  {
    what: 'a port that is taken',
    asking: pod({}, {}, 80),
    others: [pod({}, {}, 80)],
    reason: 'NodePorts',
    message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
  },
])('$what is refused in kubelet’s words', ({ asking, others, reason, message }) => {
  expect(rejectionOf(asking, others, node)).toEqual({ reason, message });
});

test('a resource that the node does not know is not asked for', () => {
  expect(rejectionOf(pod({}, { 'example.com/other': '5' }), [], node)).toBeUndefined();
});

test('of taints only those count that end pods', () => {
  const taints = (effect: 'NoExecute' | 'NoSchedule'): Node => ({
    ...node,
    spec: { taints: [{ key: 'mine', effect }] },
  });
  expect(rejectionOf(pod(), [], taints('NoSchedule'))).toBeUndefined();
  expect(rejectionOf(pod(), [], taints('NoExecute'))?.reason).toBe('TaintToleration');
  const tolerant = pod({ tolerations: [{ key: 'mine', operator: 'Exists' }] });
  expect(rejectionOf(tolerant, [], taints('NoExecute'))).toBeUndefined();
});
