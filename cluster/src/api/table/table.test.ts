import type { KubeObject } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { builtInKinds } from '../conversion/built-in.ts';
import { KindRegistry } from '../kinds.ts';
import { duration } from './duration.ts';
import { Tables } from './table.ts';

const now = new Date('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000).toISOString();
const registry = new KindRegistry(builtInKinds());
const tables = new Tables(() => now);

/** The cells of one object by the names of the columns. */
function cells(group: string, resource: string, object: object): Record<string, unknown> {
  const kind = registry.get(group, 'v1', resource);
  if (!kind) throw new Error(`${resource} is not served`);
  const whole = { apiVersion: 'v1', kind: kind.description.kind, ...object } as KubeObject;
  const table = tables.table(kind, [whole], { resourceVersion: '1' }, 'None');
  const columns = table.columnDefinitions as { name: string }[];
  const [row] = table.rows as { cells: unknown[] }[];
  return Object.fromEntries(columns.map((column, index) => [column.name, row?.cells[index]]));
}

const container = (state: object, rest: object = {}) => ({ name: 'c', ready: false, restartCount: 0, state, ...rest });
const pod = (status: object, rest: { metadata?: object; spec?: object } = {}) =>
  cells('', 'pods', {
    metadata: { name: 'p', creationTimestamp: ago(60), ...rest.metadata },
    spec: { containers: [{ name: 'c' }], ...rest.spec },
    status,
  });

test.each<[string, object, { metadata?: object; spec?: object }, object]>([
  ['waits for a node', { phase: 'Pending' }, {}, { Ready: '0/1', Status: 'Pending', Restarts: '0' }],
  [
    'runs',
    { phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] },
    {},
    { Ready: '1/1', Status: 'Running', Age: '60s' },
  ],
  [
    'crashes again and again',
    {
      phase: 'Running',
      containerStatuses: [
        container(
          { waiting: { reason: 'CrashLoopBackOff' } },
          { restartCount: 4, lastState: { terminated: { finishedAt: ago(150) } } },
        ),
      ],
    },
    {},
    { Ready: '0/1', Status: 'CrashLoopBackOff', Restarts: '4 (2m30s ago)' },
  ],
  [
    'initializes',
    { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { running: {} }, restartCount: 0 }] },
    { spec: { initContainers: [{ name: 'i' }, { name: 'j' }], containers: [{ name: 'c' }] } },
    { Status: 'Init:0/2', Ready: '0/1' },
  ],
  [
    'failed to initialize',
    { phase: 'Pending', initContainerStatuses: [{ name: 'i', state: { terminated: { exitCode: 3 } } }] },
    { spec: { initContainers: [{ name: 'i' }], containers: [{ name: 'c' }] } },
    { Status: 'Init:ExitCode:3' },
  ],
  [
    'is done',
    { phase: 'Succeeded', containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })] },
    {},
    { Status: 'Completed', Ready: '0/1' },
  ],
  [
    'is done, and stopped its sidecar',
    {
      phase: 'Succeeded',
      conditions: [{ type: 'Initialized', status: 'True' }],
      initContainerStatuses: [{ name: 'i', started: false, state: { terminated: { exitCode: 137, reason: 'Error' } } }],
      containerStatuses: [container({ terminated: { exitCode: 0, reason: 'Completed' } })],
    },
    { spec: { initContainers: [{ name: 'i', restartPolicy: 'Always' }], containers: [{ name: 'c' }] } },
    { Status: 'Completed', Ready: '0/2' },
  ],
  [
    'is being stopped',
    { phase: 'Running', containerStatuses: [container({ running: {} }, { ready: true })] },
    { metadata: { deletionTimestamp: ago(1) } },
    { Status: 'Terminating', Ready: '1/1' },
  ],
  [
    'has a sidecar that is up',
    {
      phase: 'Running',
      initContainerStatuses: [{ name: 's', started: true, ready: true, restartCount: 1, state: { running: {} } }],
      containerStatuses: [container({ running: {} }, { ready: true, restartCount: 2 })],
    },
    { spec: { initContainers: [{ name: 's', restartPolicy: 'Always' }], containers: [{ name: 'c' }] } },
    { Status: 'Running', Ready: '2/2', Restarts: '3' },
  ],
  ['was evicted', { phase: 'Failed', reason: 'Evicted' }, {}, { Status: 'Evicted' }],
])('a pod that %s', (_what, status, rest, expected) => {
  expect(pod(status, rest)).toMatchObject(expected);
});

test('a node says whether it is ready, takes pods, and what it is for', () => {
  const metadata = { name: 'n', labels: { 'node-role.kubernetes.io/control-plane': '' } };
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
  };
  expect(cells('', 'nodes', { metadata, spec: { unschedulable: true }, status })).toMatchObject({
    Status: 'Ready,SchedulingDisabled',
    Roles: 'control-plane',
    'Internal-IP': '10.0.0.1',
  });
});

test('a service shows its ports with the nodes’, and a balancer’s address once it has one', () => {
  const ports = [
    { port: 80, nodePort: 30080, protocol: 'TCP' },
    { port: 53, protocol: 'UDP' },
  ];
  const spec = { type: 'LoadBalancer', clusterIP: '10.0.0.2', ports, selector: { app: 'a' } };
  expect(cells('', 'services', { metadata: { name: 's' }, spec })).toMatchObject({
    'External-IP': '<pending>',
    'Port(s)': '80:30080/TCP,53/UDP',
    Selector: 'app=a',
  });
});

test.each([
  [0, '0s'],
  [119, '119s'],
  [120, '2m'],
  [200, '3m20s'],
  [3599, '59m'],
  [4 * 3600 + 60, '4h1m'],
  [47 * 3600, '47h'],
  [50 * 3600, '2d2h'],
  [9 * 86400, '9d'],
  [800 * 86400, '2y70d'],
])('%i seconds read %s', (seconds, text) => {
  expect(duration(seconds * 1000)).toBe(text);
});
