import type { ContainerStatus, DaemonSet, Deployment, Job, Node, Pod, StatefulSet } from '@berth/kube/objects';
import { describe, expect, it } from 'vitest';
import { genericHealth, type Health } from './health.ts';
import { nodeHealth, portsOf, rolesOf } from './node-health.ts';
import { podHealth, readyContainers } from './pod-health.ts';
import { daemonSetHealth, deploymentHealth, jobHealth, statefulSetHealth } from './workload-health.ts';

const short = ({ level, reason }: Health) => (reason === undefined ? level : `${level} ${reason}`);
const metadata = { name: 'x', namespace: 'shop', generation: 1 };

const pod = (status: NonNullable<Pod['status']>, more: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: { containers: [{ name: 'main' }] },
  status,
  ...more,
});

const container = (more: Partial<ContainerStatus>): ContainerStatus => ({
  name: 'main',
  image: 'x',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});

const waiting = (reason: string) => ({ state: { waiting: { reason } } });

describe('how a pod is', () => {
  it.each<[string, NonNullable<Pod['status']>]>([
    [
      'ok',
      { phase: 'Running', containerStatuses: [container({ ready: true, started: true, state: { running: {} } })] },
    ],
    ['done', { phase: 'Succeeded' }],
    ['failed Evicted', { phase: 'Failed', reason: 'Evicted' }],
    [
      'failed OOMKilled',
      {
        phase: 'Failed',
        containerStatuses: [container({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } })],
      },
    ],
    ['failed CrashLoopBackOff', { phase: 'Running', containerStatuses: [container(waiting('CrashLoopBackOff'))] }],
    ['failed ErrImagePull', { phase: 'Pending', containerStatuses: [container(waiting('ErrImagePull'))] }],
    [
      'failed Error',
      { phase: 'Running', containerStatuses: [container({ state: { terminated: { exitCode: 1, reason: 'Error' } } })] },
    ],
    [
      'progressing ContainerCreating',
      { phase: 'Pending', containerStatuses: [container(waiting('ContainerCreating'))] },
    ],
    ['progressing Pending', { phase: 'Pending' }],
    [
      'progressing Starting',
      { phase: 'Running', containerStatuses: [container({ started: false, state: { running: {} } })] },
    ],
    [
      'degraded NotReady',
      { phase: 'Running', containerStatuses: [container({ started: true, state: { running: {} } })] },
    ],
    [
      'degraded Unschedulable',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    ],
    [
      'failed Init:CrashLoopBackOff',
      { phase: 'Pending', initContainerStatuses: [container(waiting('CrashLoopBackOff'))] },
    ],
    ['unknown NodeLost', { phase: 'Unknown', reason: 'NodeLost' }],
  ])('%s', (expected, status) => {
    expect(short(podHealth(pod(status)))).toBe(expected);
  });

  it('ends before it is anything else, and explains a crash by the last run', () => {
    const ending = pod({ phase: 'Running' }, { metadata: { ...metadata, deletionTimestamp: '2026-11-22T20:00:00Z' } });
    expect(podHealth(ending).word).toBe('status.terminating');
    const crashed = container({
      ...waiting('CrashLoopBackOff'),
      lastState: { terminated: { exitCode: 3, reason: 'Error', message: 'no database' } },
    });
    expect(podHealth(pod({ phase: 'Running', containerStatuses: [crashed] })).message).toBe(
      'main: Error, exit code 3: no database',
    );
  });

  it('counts sidecars among its containers', () => {
    const spec = {
      containers: [{ name: 'main' }],
      initContainers: [{ name: 'proxy', restartPolicy: 'Always' }, { name: 'init' }],
    };
    const status = {
      containerStatuses: [container({ ready: true })],
      initContainerStatuses: [container({ name: 'proxy', ready: true }), container({ name: 'init' })],
    };
    expect(readyContainers(pod(status, { spec }))).toEqual({ ready: 2, total: 2 });
  });
});

describe('how a workload is', () => {
  const progressing = (status: string, reason: string) => ({ type: 'Progressing', status, reason });
  it.each<[string, Deployment['status'], number]>([
    ['ok', { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, 2],
    ['progressing 1/2', { observedGeneration: 1, replicas: 3, updatedReplicas: 1, availableReplicas: 2 }, 2],
    ['progressing 2/2', { observedGeneration: 0, replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, 2],
    ['progressing 2/2', { observedGeneration: 1, replicas: 3, updatedReplicas: 2, availableReplicas: 2 }, 2],
    [
      'failed ProgressDeadlineExceeded',
      { observedGeneration: 1, conditions: [progressing('False', 'ProgressDeadlineExceeded')] },
      2,
    ],
    [
      'progressing 0/2',
      {
        observedGeneration: 1,
        replicas: 2,
        updatedReplicas: 2,
        conditions: [progressing('True', 'ReplicaSetUpdated')],
      },
      2,
    ],
    [
      'degraded 1/2',
      {
        observedGeneration: 1,
        replicas: 2,
        updatedReplicas: 2,
        availableReplicas: 1,
        conditions: [progressing('True', 'NewReplicaSetAvailable')],
      },
      2,
    ],
    [
      'failed 0/2',
      {
        observedGeneration: 1,
        replicas: 2,
        updatedReplicas: 2,
        conditions: [progressing('True', 'NewReplicaSetAvailable')],
      },
      2,
    ],
    ['unknown', { observedGeneration: 1 }, 0],
  ])('deployment: %s', (expected, status, replicas) => {
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas },
      status,
    } as Deployment;
    expect(short(deploymentHealth(deployment))).toBe(expected);
  });

  it('knows stateful sets, daemon sets and jobs', () => {
    const set = (status: object) =>
      ({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata,
        spec: { replicas: 3 },
        status: { observedGeneration: 1, ...status },
      }) as StatefulSet;
    expect(short(statefulSetHealth(set({ replicas: 2, readyReplicas: 2 })))).toBe('progressing 2/3');
    expect(short(statefulSetHealth(set({ replicas: 3, readyReplicas: 2 })))).toBe('degraded 2/3');
    const daemons = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      status: { observedGeneration: 1, desiredNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 3 },
    } as DaemonSet;
    expect(short(daemonSetHealth(daemons))).toBe('ok');
    const job = (status: object) => ({ apiVersion: 'batch/v1', kind: 'Job', metadata, status }) as Job;
    expect(short(jobHealth(job({ active: 1 })))).toBe('ok');
    expect(short(jobHealth(job({ active: 1, failed: 1 })))).toBe('degraded Retrying');
    expect(short(jobHealth(job({ conditions: [{ type: 'Complete', status: 'True' }] })))).toBe('done');
    expect(
      short(jobHealth(job({ conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] }))),
    ).toBe('failed BackoffLimitExceeded');
  });
});

describe('how the rest is', () => {
  it('knows nodes', () => {
    const node = (conditions: object[], spec = {}) =>
      ({ apiVersion: 'v1', kind: 'Node', metadata, spec, status: { conditions } }) as Node;
    const ready = { type: 'Ready', status: 'True' };
    expect(nodeHealth(node([ready])).word).toBe('status.ready');
    expect(nodeHealth(node([ready], { unschedulable: true })).word).toBe('status.cordoned');
    expect(short(nodeHealth(node([ready, { type: 'DiskPressure', status: 'True' }])))).toBe('degraded DiskPressure');
    expect(short(nodeHealth(node([{ type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }])))).toBe(
      'failed NodeStatusUnknown',
    );
    expect(
      rolesOf({ ...node([]), metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', other: '' } } }),
    ).toEqual(['worker']);
  });

  it('judges kinds it does not know by their conditions or phase', () => {
    const custom = (status?: object) => genericHealth({ apiVersion: 'x/v1', kind: 'X', metadata, status });
    expect(custom()).toBeUndefined();
    expect(custom({ phase: 'Bound' })?.level).toBe('ok');
    expect(custom({ conditions: [{ type: 'Ready', status: 'False', reason: 'Broken' }] })).toMatchObject({
      level: 'degraded',
      reason: 'Broken',
    });
  });

  it('writes ports as kubectl does', () => {
    const spec = {
      ports: [
        { port: 80, nodePort: 30080 },
        { port: 53, protocol: 'UDP' as const },
      ],
    };
    expect(portsOf({ apiVersion: 'v1', kind: 'Service', metadata, spec })).toBe('80:30080/TCP, 53/UDP');
  });
});
