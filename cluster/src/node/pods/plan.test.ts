import type { Container, Pod } from '@berth/kube/objects';
import { describe, expect, test } from 'vitest';
import { containerHash } from './hash.ts';
import type { ContainerMemory, PodMemory } from './memory.ts';
import { marks, type ObservedContainer, type ObservedPod } from './observed.ts';
import { plan } from './plan.ts';
import { podStatus } from './status.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const main: Container = { name: 'main', image: 'x:1' };

function podOf(spec: object = {}, rest: Partial<Pod> = {}): Pod {
  const metadata = { name: 'web', namespace: 'default', uid: 'u1', generation: 1 };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [main], ...spec }, ...rest } as Pod;
}

function observedOf(containers: Partial<ObservedContainer>[] = [], ready = true): ObservedPod {
  const metadata = { name: 'web', namespace: 'default', uid: 'u1', attempt: 0 };
  const sandbox = { id: 's0', metadata, ready, createdAt: 1, ips: ['10.0.0.9'], labels: {}, annotations: {} };
  return { sandboxes: [sandbox], containers: containers.map(containerOf) };
}

function containerOf(given: Partial<ObservedContainer>): ObservedContainer {
  const container = { name: given.name ?? 'main', image: 'x:1' };
  return {
    id: 'c0',
    sandboxId: 's0',
    name: 'main',
    attempt: 0,
    state: 'running',
    createdAt: now - 60_000,
    startedAt: now - 60_000,
    finishedAt: given.state === 'exited' ? now - 1000 : 0,
    exitCode: 0,
    reason: '',
    message: '',
    image: 'x:1',
    imageRef: 'sha256:1',
    logPath: '',
    labels: {},
    annotations: { [marks.containerHash]: containerHash(container) },
    ...given,
  };
}

const memoryWith = (containers: Record<string, Partial<ContainerMemory>> = {}): PodMemory => ({
  mounted: true,
  containers: new Map(
    Object.entries(containers).map(([name, memory]) => [name, { started: false, ready: false, ...memory }]),
  ),
});

const stepsOf = (pod: Pod, observed: ObservedPod, memory = memoryWith()) => {
  const { steps, backoffs, wakeAt } = plan(pod, observed, memory, now);
  const shown = steps.map((step) => {
    if (step.type === 'start') return `start ${step.container.name}#${step.attempt}`;
    return step.type === 'kill' ? `kill ${step.id}` : step.type;
  });
  return {
    steps: shown,
    backoffs: Object.fromEntries(backoffs),
    ...(wakeAt === undefined ? {} : { wakeIn: wakeAt - now }),
  };
};

describe('plan', () => {
  const nothing: ObservedPod = { sandboxes: [], containers: [] };
  const deleting = podOf();
  deleting.metadata.deletionTimestamp = '2026-01-01T00:10:00Z';
  const init = {
    initContainers: [
      { name: 'first', image: 'x:1' },
      { name: 'second', image: 'x:1' },
    ],
  };
  const sidecar = { initContainers: [{ name: 'proxy', image: 'x:1', restartPolicy: 'Always' }] };
  const exited = (given: Partial<ObservedContainer> = {}) => containerOf({ state: 'exited', ...given });
  const ofDead = { sandboxId: 'old' };

  test.each<[string, Pod, ObservedPod, PodMemory, string[]]>([
    [
      'a new pod',
      podOf(),
      nothing,
      { ...memoryWith(), mounted: false },
      ['mount-volumes', 'create-sandbox', 'start main#0'],
    ],
    ['a pod that runs', podOf(), observedOf([{}]), memoryWith(), []],
    ['a lost sandbox', podOf(), observedOf([exited()], false), memoryWith(), ['create-sandbox', 'start main#1']],
    ['the first end', podOf(), observedOf([exited({ exitCode: 1 })]), memoryWith(), ['start main#1']],
    [
      'a good end, on failure only',
      podOf({ restartPolicy: 'OnFailure' }),
      observedOf([exited()]),
      memoryWith(),
      ['stop-sandbox'],
    ],
    [
      'a bad end, on failure only',
      podOf({ restartPolicy: 'OnFailure' }),
      observedOf([exited({ exitCode: 1 })]),
      memoryWith(),
      ['start main#1'],
    ],
    [
      'a bad end, never',
      podOf({ restartPolicy: 'Never' }),
      observedOf([exited({ exitCode: 1 })]),
      memoryWith(),
      ['stop-sandbox'],
    ],
    ['a created container', podOf(), observedOf([{ state: 'created' }]), memoryWith(), ['start main#0']],
    ['another image', podOf(), observedOf([{ annotations: {} }]), memoryWith(), ['kill c0']],
    ['a failed probe', podOf(), observedOf([{}]), memoryWith({ main: { id: 'c0', killWith: 'x' } }), ['kill c0']],
    ['a failed probe of one before', podOf(), observedOf([{}]), memoryWith({ main: { id: 'b', killWith: 'x' } }), []],
    ['a deleted pod that runs', deleting, observedOf([{}]), memoryWith(), ['terminate']],
    ['a deleted pod that ended', deleting, observedOf([exited()], false), memoryWith(), ['remove']],
    ['the first init container', podOf(init), observedOf(), memoryWith(), ['start first#0']],
    ['an init container at work', podOf(init), observedOf([{ name: 'first' }]), memoryWith(), []],
    [
      'the second init container',
      podOf(init),
      observedOf([exited({ name: 'first' })]),
      memoryWith(),
      ['start second#0'],
    ],
    [
      'after all init containers',
      podOf(init),
      observedOf([exited({ name: 'first' }), exited({ name: 'second' })]),
      memoryWith(),
      ['start main#0'],
    ],
    [
      'a failed init container',
      podOf(init),
      observedOf([exited({ name: 'first', exitCode: 1 })]),
      memoryWith(),
      ['start first#1'],
    ],
    [
      'a failed init container, never',
      podOf({ ...init, restartPolicy: 'Never' }),
      observedOf([exited({ name: 'first', exitCode: 1 })]),
      memoryWith(),
      ['stop-sandbox'],
    ],
    [
      'initialisation in a new sandbox',
      podOf(init),
      observedOf([exited({ name: 'first', ...ofDead })]),
      memoryWith(),
      ['start first#1'],
    ],
    ['a sidecar comes first', podOf(sidecar), observedOf(), memoryWith(), ['start proxy#0']],
    ['a sidecar not yet started', podOf(sidecar), observedOf([{ name: 'proxy' }]), memoryWith(), []],
    [
      'a sidecar that started',
      podOf(sidecar),
      observedOf([{ name: 'proxy' }]),
      memoryWith({ proxy: { started: true } }),
      ['start main#0'],
    ],
    [
      'a sidecar that ended',
      podOf(sidecar),
      observedOf([exited({ name: 'proxy' }), {}]),
      memoryWith(),
      ['start proxy#1'],
    ],
    [
      'a failed pod',
      podOf({}, { status: { phase: 'Failed' } }),
      observedOf([exited()], false),
      memoryWith(),
      ['release'],
    ],
  ])('%s', (_, pod, observed, memory, steps) => {
    expect(stepsOf(pod, observed, memory).steps).toEqual(steps);
  });

  test('a restart waits for its pause, counted from the end', () => {
    const observed = observedOf([exited({ exitCode: 1, finishedAt: now - 4000 })]);
    expect(stepsOf(podOf(), observed, memoryWith({ main: { backoff: 10_000 } }))).toEqual({
      steps: [],
      backoffs: { main: 10_000 },
      wakeIn: 6000,
    });
    const long = observedOf([exited({ exitCode: 1, startedAt: now - 700_000, finishedAt: now - 4000 })]);
    expect(stepsOf(podOf(), long, memoryWith({ main: { backoff: 10_000 } })).steps).toEqual(['start main#1']);
  });

  test('no pause lasts longer than it is, whatever happens to the clock', () => {
    const hours = 2 * 3_600_000;
    const before = observedOf([{ state: 'exited', startedAt: now + hours - 5000, finishedAt: now + hours }]);
    expect(stepsOf(podOf(), before, memoryWith({ main: { backoff: 160_000 } })).steps).toEqual(['start main#1']);
    const failure = { reason: 'CreateContainerError', message: '', retryAt: now + hours, count: 1 };
    expect(stepsOf(podOf(), observedOf(), memoryWith({ main: { failure } })).steps).toEqual(['start main#0']);
    const failed = { ...memoryWith(), retryAt: now + hours };
    expect(stepsOf(podOf(), observedOf(), failed).steps).toEqual(['start main#0']);
    expect(stepsOf(podOf(), observedOf(), { ...failed, retryAt: now + 20_000 }).steps).toEqual([]);
  });

  test('a container that could not be started waits as well', () => {
    const never = observedOf([exited({ exitCode: 128, reason: 'StartError', startedAt: 0, finishedAt: now - 4000 })]);
    expect(stepsOf(podOf(), never, memoryWith({ main: { backoff: 10_000 } }))).toMatchObject({
      steps: [],
      backoffs: { main: 10_000 },
    });
  });

  test('a deadline ends the pod, and is waited for', () => {
    const pod = podOf({ activeDeadlineSeconds: 60 }, { status: { startTime: '2026-01-01T00:09:30Z' } });
    expect(stepsOf(pod, observedOf([{}]))).toMatchObject({ steps: [], wakeIn: 30_000 });
    pod.status = { startTime: '2026-01-01T00:08:00Z' };
    expect(stepsOf(pod, observedOf([{}])).steps).toEqual(['fail']);
  });
});

describe('status', () => {
  const input = { backoffs: new Map<string, number>(), hostIps: ['192.0.2.1'], runtimeName: 'containerd', now };
  const ready = memoryWith({ main: { started: true, ready: true } });

  test('a ready pod, its conditions and addresses', () => {
    const pod = podOf(
      {},
      {
        status: {
          startTime: '2026-01-01T00:00:00Z',
          conditions: [
            { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
            { type: 'example.com/gate', status: 'True' },
          ],
        },
      },
    );
    const status = podStatus({ ...input, pod, observed: observedOf([{}]), memory: ready });
    expect(status).toMatchObject({
      phase: 'Running',
      podIP: '10.0.0.9',
      hostIP: '192.0.2.1',
      startTime: '2026-01-01T00:00:00Z',
    });
    expect(status.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual([
      'PodReadyToStartContainers=True',
      'Initialized=True',
      'Ready=True',
      'ContainersReady=True',
      'PodScheduled=True',
      'example.com/gate=True',
    ]);
    const times = Object.fromEntries((status.conditions ?? []).map((found) => [found.type, found.lastTransitionTime]));
    expect(times).toMatchObject({ PodScheduled: '2026-01-01T00:00:00Z', Ready: '2026-01-01T00:10:00Z' });
  });

  test('a pod that has to go has failed once nothing of it runs, and keeps saying why', () => {
    const failed = { reason: 'Evicted', message: 'The node was low on resource: memory. ', grace: 1, disrupted: true };
    const memory = { ...ready, failed };
    const running = podStatus({
      ...input,
      pod: podOf({}, { status: { phase: 'Running' } }),
      observed: observedOf([{}]),
      memory,
    });
    expect(running.phase).toBe('Running');
    expect(running.reason).toBeUndefined();
    expect(running.conditions?.map(({ type }) => type)).not.toContain('DisruptionTarget');

    const pod = podOf({}, { status: running });
    const over = podStatus({
      ...input,
      pod,
      observed: observedOf([{ state: 'exited', exitCode: 137 }], false),
      memory,
    });
    expect(over).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: failed.message });
    expect(over.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    const later = { ...input, observed: { sandboxes: [], containers: [] }, memory: memoryWith(), now: now + 60_000 };
    expect(podStatus({ ...later, pod: podOf({}, { status: over }) })).toEqual(over);

    const never = podStatus({ ...input, pod: podOf(), observed: observedOf([]), memory });
    expect(never.containerStatuses?.[0]?.state?.terminated).toMatchObject({
      reason: 'ContainerStatusUnknown',
      exitCode: 137,
    });
  });

  test('a pod that was refused says no more than that', () => {
    const failed = { reason: 'Evicted', message: 'Pod was rejected: no', refused: true };
    const memory = { ...memoryWith(), failed };
    const status = podStatus({ ...input, pod: podOf(), observed: observedOf([]), memory });
    expect(status).toEqual({
      phase: 'Failed',
      reason: 'Evicted',
      message: 'Pod was rejected: no',
      qosClass: 'BestEffort',
      startTime: '2026-01-01T00:10:00Z',
      observedGeneration: 1,
    });
  });

  test('a crashing container', () => {
    const pod = podOf();
    const observed = observedOf([{ state: 'exited', exitCode: 2, attempt: 3 }]);
    const status = podStatus({ ...input, pod, observed, memory: memoryWith(), backoffs: new Map([['main', 160_000]]) });
    expect(status.phase).toBe('Running');
    expect(status.containerStatuses?.[0]).toMatchObject({
      restartCount: 3,
      ready: false,
      state: {
        waiting: {
          reason: 'CrashLoopBackOff',
          message: 'back-off 2m40s restarting failed container=main pod=web_default(u1)',
        },
      },
      lastState: { terminated: { exitCode: 2, reason: 'Error', containerID: 'containerd://c0' } },
    });
    expect(status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
    });
  });

  test.each<[string, string, object[], string]>([
    ['Always', 'Running', [{ state: 'exited', exitCode: 1 }], 'Running'],
    ['OnFailure', 'one good end', [{ state: 'exited' }], 'Succeeded'],
    ['OnFailure', 'one bad end', [{ state: 'exited', exitCode: 1 }], 'Running'],
    ['Never', 'one bad end', [{ state: 'exited', exitCode: 1 }], 'Failed'],
    ['Never', 'nothing yet', [], 'Pending'],
  ])('restart policy %s, %s', (restartPolicy, _, containers, phase) => {
    const status = podStatus({
      ...input,
      pod: podOf({ restartPolicy }),
      observed: observedOf(containers),
      memory: memoryWith(),
    });
    expect(status.phase).toBe(phase);
  });

  test.each<[string, object, number, string]>([
    ['Never', { restartPolicy: 'Always' }, 1, 'Running'],
    ['Always', { restartPolicy: 'Never' }, 1, 'Failed'],
    ['Always', { restartPolicy: 'OnFailure' }, 0, 'Succeeded'],
  ])('in a pod of %s a container with %o that ended with %i: %s', (restartPolicy, more, exitCode, phase) => {
    const status = podStatus({
      ...input,
      pod: podOf({ restartPolicy, containers: [{ name: 'main', image: 'x:1', ...more }] }),
      observed: observedOf([{ state: 'exited', exitCode }]),
      memory: memoryWith(),
    });
    expect(status.phase).toBe(phase);
  });
});

test('a pod that is done runs until its sidecars have ended', () => {
  const initContainers = [{ name: 'proxy', image: 'x:1', restartPolicy: 'Always' }];
  const pod = podOf({ restartPolicy: 'Never', initContainers });
  const phaseWith = (proxy: Partial<ObservedContainer>) => {
    const observed = observedOf([
      { state: 'exited', exitCode: 0 },
      { id: 'c1', name: 'proxy', ...proxy },
    ]);
    const memory = memoryWith({ proxy: { id: 'c1', started: true, ready: true } });
    return podStatus({ pod, observed, memory, backoffs: new Map(), hostIps: ['10.0.0.1'], runtimeName: 'x', now })
      .phase;
  };
  expect(phaseWith({})).toBe('Running');
  expect(phaseWith({ state: 'exited', exitCode: 137 })).toBe('Succeeded');
});

describe('ephemeral containers', () => {
  const pod = podOf({ ephemeralContainers: [{ name: 'looks', image: 'x:1' }] });
  const init = { initContainers: [{ name: 'first', image: 'x:1' }] };

  test('start beside what runs, or while the pod is still initialized, once there is a sandbox', () => {
    expect(stepsOf(pod, observedOf([{}])).steps).toEqual(['start looks#0']);
    const early = podOf({ ...pod.spec, ...init });
    expect(stepsOf(early, observedOf([{ name: 'first' }])).steps).toEqual(['start looks#0']);
    expect(stepsOf(pod, observedOf([], false)).steps).not.toContain('start looks#0');
  });

  test('never start again, and keep no pod from its end', () => {
    const ended = { id: 'c1', name: 'looks', state: 'exited', exitCode: 1 } as const;
    expect(stepsOf(pod, observedOf([{}, ended])).steps).toEqual([]);
    const job = podOf({ ...pod.spec, restartPolicy: 'Never' });
    const still = { id: 'c1', name: 'looks' };
    expect(stepsOf(job, observedOf([{ state: 'exited' }, still])).steps).toEqual(['terminate']);
  });
});

describe('a resize', () => {
  const more = { requests: { cpu: '200m' } };
  const less = { requests: { cpu: '100m' } };
  const restarts = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
  const ready = { id: 'c0', started: true, ready: true };

  test('of what runs is one step, and is tried again after a pause when it failed', () => {
    const pod = podOf({ containers: [{ ...main, resources: more }] });
    const observed = observedOf([{ given: less }]);
    const memory = memoryWith({ main: ready });
    expect(stepsOf(pod, observed, memory).steps).toEqual(['resize']);
    expect(stepsOf(pod, observed, { ...memory, resizeAt: now + 5000 })).toMatchObject({
      steps: [],
      wakeIn: 5000,
    });
    expect(stepsOf(pod, observedOf([{ given: more }]), memory).steps).toEqual([]);
  });

  test('that asks for a restart ends the container, fits the pod and starts another, however it ended', () => {
    const pod = podOf({
      restartPolicy: 'OnFailure',
      containers: [{ ...main, resources: more, resizePolicy: restarts }],
    });
    const memory = memoryWith({ main: { ...ready, backoff: 40_000 } });
    expect(stepsOf(pod, observedOf([{ given: less }]), memory).steps).toEqual(['kill c0']);
    const ended = observedOf([{ given: less, state: 'exited', exitCode: 0, replaced: true }]);
    expect(stepsOf(pod, ended, memory).steps).toEqual(['resize', 'start main#1']);
    const failure = { reason: 'CreateContainerError', message: '', retryAt: now + 5000, count: 1 };
    const pausing = memoryWith({ main: { ...ready, failure } });
    expect(stepsOf(pod, ended, pausing)).toMatchObject({ steps: [], wakeIn: 5000 });
  });
});
