import type { Node, Pod, PodSpec } from '@berth/kube/objects';
import { describe, expect, test } from 'vitest';
import { ClusterState, refusalMessage, schedule } from './index.ts';
import { preempt } from './preemption/index.ts';
import { podInfo } from './requests.ts';

function node(name: string, changes: { spec?: object; labels?: Record<string, string>; status?: object } = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...changes.labels } },
    spec: { ...changes.spec },
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110' }, ...changes.status },
  };
}

let uid = 0;
function pod(spec: Partial<PodSpec> = {}, requests: Record<string, string> = {}, labels = {}): Pod {
  const name = `pod-${uid++}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name, labels },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests } }], ...spec },
  };
}

/** The state with these nodes, and pods on them. */
function cluster(nodes: readonly Node[], placed: readonly { pod: Pod; on: string }[] = []): ClusterState {
  const state = new ClusterState();
  for (const each of nodes) state.setNode(each);
  for (const each of placed) state.setPod(podInfo(each.pod), each.on);
  return state;
}

function decide(state: ClusterState, wanted: Pod): string {
  const info = podInfo(wanted);
  const decision = schedule(info, state, { start: 0 });
  return 'node' in decision ? decision.node : refusalMessage(decision, preempt(info, decision, state, [], 0));
}

const required = (key: string, operator: 'In' | 'NotIn' | 'Lt', values: string[]): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
      },
    },
  },
});

describe('filters', () => {
  test('what is requested must be free, whatever is used', () => {
    const state = cluster([node('a')], [{ pod: pod({}, { cpu: '3' }), on: 'a' }]);
    expect(decide(state, pod({}, { cpu: '1' }))).toBe('a');
    expect(decide(state, pod({}, { cpu: '1001m', memory: '9Gi' }))).toBe(
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    );
    expect(decide(state, pod({}, { cpu: '2' }))).toBe(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    );
    expect(decide(state, pod({}, { 'example.com/gpu': '1' }))).toContain('1 Insufficient example.com/gpu');
  });

  test('init containers count when they need more, sidecars on top', () => {
    const init = (cpu: string, restartPolicy?: 'Always') => ({
      name: cpu,
      image: 'x',
      resources: { requests: { cpu } },
      ...(restartPolicy ? { restartPolicy } : {}),
    });
    expect(podInfo(pod({ initContainers: [init('3')] }, { cpu: '1' })).requests.cpu).toBe(3000);
    expect(podInfo(pod({ initContainers: [init('1', 'Always'), init('3')] }, { cpu: '1' })).requests.cpu).toBe(4000);
    expect(podInfo(pod({ initContainers: [init('1', 'Always')] }, { cpu: '1' })).requests.cpu).toBe(2000);
    expect(podInfo(pod({ overhead: { cpu: '250m' } }, { cpu: '1' })).requests.cpu).toBe(1250);
  });

  test('a node is full when it has all the pods it may have', () => {
    const small = node('a', { status: { allocatable: { cpu: '4', memory: '8Gi', pods: '1' } } });
    expect(decide(cluster([small], [{ pod: pod(), on: 'a' }]), pod())).toContain('1 Too many pods');
  });

  test('cordoned and tainted nodes, unless tolerated', () => {
    const nodes = [
      node('cordoned', { spec: { unschedulable: true } }),
      node('tainted', { spec: { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] } }),
    ];
    expect(decide(cluster(nodes), pod())).toBe(
      '0/2 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    );
    const tolerations = [{ key: 'gpu', operator: 'Equal' as const, value: 'yes', effect: 'NoSchedule' as const }];
    expect(decide(cluster(nodes), pod({ tolerations }))).toBe('tainted');
    expect(decide(cluster(nodes.slice(1)), pod({ tolerations: [{ operator: 'Exists' }] }))).toBe('tainted');
    expect(decide(cluster(nodes), pod({ tolerations: [{ key: 'gpu', operator: 'Equal', value: 'no' }] }))).toContain(
      '0/2',
    );
  });

  test('node selector and affinity', () => {
    const nodes = [
      node('a', { labels: { zone: 'one', size: '4' } }),
      node('b', { labels: { zone: 'two', size: '16' } }),
    ];
    expect(decide(cluster(nodes), pod({ nodeSelector: { zone: 'two' } }))).toBe('b');
    expect(decide(cluster(nodes), pod(required('size', 'Lt', ['10'])))).toBe('a');
    expect(decide(cluster(nodes), pod(required('zone', 'NotIn', ['one'])))).toBe('b');
    expect(decide(cluster(nodes), pod({ nodeSelector: { zone: 'three' } }))).toContain(
      "2 node(s) didn't match Pod's node affinity/selector",
    );
  });

  test('host ports collide on one address or on all', () => {
    const with80 = (hostIP?: string) => {
      const ports = [{ containerPort: 80, hostPort: 80, ...(hostIP ? { hostIP } : {}) }];
      return pod({ containers: [{ name: 'main', image: 'x', ports }] });
    };
    const state = cluster([node('a')], [{ pod: with80('10.0.0.1'), on: 'a' }]);
    expect(decide(state, with80('10.0.0.2'))).toBe('a');
    expect(decide(state, with80())).toContain("1 node(s) didn't have free ports for the requested pod ports");
  });

  test('anti-affinity, own and that of the others', () => {
    const web = { app: 'web' };
    const apart: Partial<PodSpec> = {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: web }, topologyKey: 'kubernetes.io/hostname' },
          ],
        },
      },
    };
    const state = cluster([node('a'), node('b')], [{ pod: pod(apart, {}, web), on: 'a' }]);
    expect(decide(state, pod(apart, {}, web))).toBe('b');
    expect(decide(state, pod({}, {}, web))).toBe('b');
    state.setPod(podInfo(pod({}, {}, web)), 'b');
    expect(decide(state, pod(apart, {}, web))).toContain("2 node(s) didn't match pod anti-affinity rules");
    expect(decide(state, pod({ nodeSelector: { 'kubernetes.io/hostname': 'a' } }, {}, web))).toContain(
      "1 node(s) didn't satisfy existing pods anti-affinity rules",
    );
  });

  test('affinity to pods: the first of a group starts it', () => {
    const web = { app: 'web' };
    const together: Partial<PodSpec> = {
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: web }, topologyKey: 'zone' },
          ],
        },
      },
    };
    const nodes = [node('a', { labels: { zone: 'one' } }), node('b', { labels: { zone: 'two' } })];
    expect(decide(cluster(nodes), pod(together))).toContain("2 node(s) didn't match pod affinity rules");
    expect(decide(cluster(nodes), pod(together, {}, web))).toMatch(/^[ab]$/);
    expect(decide(cluster(nodes, [{ pod: pod({}, {}, web), on: 'b' }]), pod(together))).toBe('b');
  });

  test('topology spread', () => {
    const web = { app: 'web' };
    const topologySpreadConstraints = [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: web },
      },
    ];
    const nodes = [node('a', { labels: { zone: 'one' } }), node('b', { labels: { zone: 'two' } })];
    const state = cluster(nodes, [{ pod: pod({}, {}, web), on: 'a' }]);
    expect(decide(state, pod({ topologySpreadConstraints }, {}, web))).toBe('b');
    const full = cluster(
      [nodes[0] as Node, node('b', { labels: { zone: 'two' }, spec: { unschedulable: true } })],
      [{ pod: pod({}, {}, web), on: 'a' }],
    );
    expect(decide(full, pod({ topologySpreadConstraints }, {}, web))).toContain(
      "1 node(s) didn't match pod topology spread constraints",
    );
  });

  test('no nodes at all', () => {
    expect(decide(cluster([]), pod())).toBe('no nodes available to schedule pods');
  });
});

describe('scores', () => {
  test('the emptier node, then back and forth', () => {
    const state = cluster([node('a'), node('b')], [{ pod: pod({}, { cpu: '2', memory: '4Gi' }), on: 'a' }]);
    expect(decide(state, pod({}, { cpu: '1', memory: '2Gi' }))).toBe('b');
  });

  test('pods of one owner are spread, even to a fuller node', () => {
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'rs', controller: true }];
    const owned = () => {
      const each = pod({}, { cpu: '100m' }, { app: 'web' });
      return { ...each, metadata: { ...each.metadata, ownerReferences } };
    };
    const state = cluster(
      [node('a'), node('b')],
      [
        { pod: owned(), on: 'a' },
        { pod: pod({}, { cpu: '1', memory: '1Gi' }), on: 'b' },
      ],
    );
    const selector = { matchLabels: { app: 'web' } };
    const metadata = { name: 'rs', namespace: 'shop' };
    state.setOwner('ReplicaSet', { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { selector } }, true);
    expect(decide(state, owned())).toBe('b');
  });

  test('preferences: taints avoided, labels sought, images used', () => {
    const nodes = [
      node('avoided', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } }),
      node('plain'),
      node('fast', { labels: { disk: 'ssd' } }),
      node('warm', { status: { images: [{ names: ['shop/web:1'], sizeBytes: 900_000_000 }] } }),
    ];
    expect(decide(cluster(nodes.slice(0, 2)), pod())).toBe('plain');
    const preferred = {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              preference: { matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['ssd'] }] },
            },
          ],
        },
      },
    };
    expect(decide(cluster(nodes), pod(preferred))).toBe('fast');
    expect(decide(cluster(nodes), pod({ containers: [{ name: 'main', image: 'shop/web:1' }] }))).toBe('warm');
  });
});

test('what was counted is given back, whether the node is there or comes later', () => {
  const state = cluster([]);
  const heavy = podInfo(pod({}, { cpu: '4' }));
  state.setPod(heavy, 'a');
  state.setNode(node('a'));
  expect(decide(state, pod({}, { cpu: '1' }))).toContain('Insufficient cpu');
  state.removeNode('a');
  state.setNode(node('a'));
  expect(decide(state, pod({}, { cpu: '1' }))).toContain('Insufficient cpu');
  state.removePod(heavy);
  expect(decide(state, pod({}, { cpu: '4' }))).toBe('a');
});
