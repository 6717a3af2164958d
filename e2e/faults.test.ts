import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, freePort, loadImage, startLoad, startWorkloads, until, webArchive } from './harness/index.ts';

/** What fails in the field, done for real. */
describe('faults', () => {
  let berth: Berth;
  let nodePort: number;
  const url = () => `http://127.0.0.1:${nodePort}/`;

  beforeAll(async () => {
    berth = await startWorkloads({
      images: ['1', '2'].map((version) => () => webArchive(`berth.local/web:${version}`, version)),
      objects: web,
      ready: ['deployment/web'],
    });
    nodePort = Number(await berth.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}'));
    await until('the service to answer', async () => (await fetch(url())).ok);
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const podNames = async (selector: string) =>
    (await berth.kubectl('get', 'pods', '-l', selector, '-o', 'jsonpath={.items[*].metadata.name}'))
      .split(' ')
      .filter(Boolean);
  const containerIds = async () =>
    (
      await berth.kubectl(
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={.items[*].status.containerStatuses[*].containerID}',
      )
    )
      .split(' ')
      .sort();

  it('restarts a container that was killed from outside, and counts it', async () => {
    const [pod = ''] = await podNames('app=web');
    // The container's main process, seen from the host by its pod's uid in the cgroup path.
    const uid = await berth.kubectl('get', 'pod', pod, '-o', 'jsonpath={.metadata.uid}');
    const found = spawnSync(
      'sh',
      [
        '-c',
        `grep -ls '${uid}' /proc/[0-9]*/cgroup | cut -d/ -f3 | while read p; do tr '\\0' ' ' </proc/$p/cmdline | grep -q httpd && echo $p; done`,
      ],
      { encoding: 'utf8' },
    );
    const pid = Number(found.stdout.trim().split('\n')[0]);
    expect(pid).toBeGreaterThan(1);
    process.kill(pid, 'SIGKILL');
    await until(
      'the restart to be counted',
      async () =>
        (await berth.kubectl('get', 'pod', pod, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')) === '1',
    );
    await berth.kubectl('wait', '--for=condition=Ready', `pod/${pod}`, '--timeout=60s');
    expect(
      await berth.kubectl(
        'get',
        'pod',
        pod,
        '-o',
        'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}',
      ),
    ).toBe('137');
  });

  it('replaces a pod that was deleted', async () => {
    const before = await podNames('app=web');
    await berth.kubectl('delete', 'pod', before[0] ?? '', '--wait=false');
    await until('another pod to take its place', async () => {
      const now = await podNames('app=web');
      return now.length === 2 && !now.includes(before[0] ?? '');
    });
    await berth.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
  });

  it('loses no request in a rolling update under constant load', async () => {
    const load = startLoad(url(), 100);
    await until('the load to flow', async () => load.answered > 50);
    await berth.kubectl('set', 'image', 'deployment/web', 'web=berth.local/web:2');
    await berth.kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    await until('only the new version to answer', async () => (await (await fetch(url())).text()) === '2\n');
    await until('the old pods to be gone', async () => (await podNames('app=web')).length === 2);
    const result = await load.stop();
    expect(result.reasons).toEqual([]);
    expect(result.failed).toBe(0);
  });

  it('keeps the application answering while Berth is killed, and adopts the same containers', async () => {
    const before = await containerIds();
    const load = startLoad(url(), 100);
    await until('the load to flow', async () => load.answered > 50);
    berth.process.kill('SIGKILL');
    const atDeath = load.answered;
    await until('answers without Berth', async () => load.answered > atDeath + 100);
    await berth.restart();
    await berth.kubectl('wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s');
    const atReturn = load.answered;
    await until('answers with Berth back', async () => load.answered > atReturn + 100);
    const result = await load.stop();
    expect(result.reasons).toEqual([]);
    expect(await containerIds()).toEqual(before);
    expect(
      await berth.kubectl(
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={.items[*].status.containerStatuses[*].restartCount}',
      ),
    ).toBe('0 0');
  });

  it('backs off from a container that crashes', async () => {
    await berth.kubectl('run', 'crasher', '--image=berth.local/web:1', '--', 'sh', '-c', 'echo going down; exit 3');
    await until('CrashLoopBackOff', async () =>
      (await berth.kubectl('get', 'pod', 'crasher')).includes('CrashLoopBackOff'),
    );
    expect(await berth.kubectl('logs', 'crasher', '--previous')).toBe('going down\n');
    expect(await berth.kubectl('describe', 'pod', 'crasher')).toMatch(
      /BackOff\s.*Back-off restarting failed container/,
    );
    await berth.kubectl('delete', 'pod', 'crasher', '--grace-period=1');
  });

  it('waits for an image that does not exist, and goes on when it appears', async () => {
    await berth.kubectl('run', 'early', '--image=berth.invalid/late:1', '--image-pull-policy=IfNotPresent');
    await until('ImagePullBackOff', async () =>
      (await berth.kubectl('get', 'pod', 'early')).includes('ImagePullBackOff'),
    );
    const events = await berth.kubectl('get', 'events', '--field-selector=involvedObject.name=early');
    expect(events).toMatch(/Failed to pull image/);
    await loadImage(berth, () => webArchive('berth.invalid/late:1', 'late'));
    await berth.kubectl('wait', '--for=condition=Ready', 'pod/early', '--timeout=90s');
    await berth.kubectl('delete', 'pod', 'early', '--grace-period=1');
  });

  it('refuses to start twice, and on ports that are taken, in one sentence', async () => {
    const twice = await berth.berth(
      'up',
      '--api-port',
      String(await freePort()),
      '--console-port',
      String(await freePort()),
    );
    expect(twice.status).toBe(1);
    expect(twice.stderr).toMatch(/^berth: Berth already runs on .*\n$/);
    const { startBerth: start } = await import('./harness/index.ts');
    await expect(start({ ports: berth.ports })).rejects.toThrow(
      /port .* is in use: stop what listens there, or choose another with --api-port/,
    );
  });
});

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: web
        image: berth.local/web:1
        ports: [{ containerPort: 80 }]
        readinessProbe: { httpGet: { path: /, port: 80 }, periodSeconds: 1 }
        # The usual courtesy: go on answering until the service has forgotten the pod.
        lifecycle: { preStop: { sleep: { seconds: 3 } } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 80, targetPort: 80 }]
`;
