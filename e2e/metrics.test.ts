import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startBerth, until, webArchive } from './harness/index.ts';

const image = 'berth.local/web:1';

/** What nodes and pods use, as `kubectl top` and autoscalers read it: real figures of real containers, and data of simulated ones. */
describe('metrics', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startBerth({ args: ['--simulated-nodes', '2'] });
    using archive = await webArchive(image, '1');
    expect((await berth.berth('image', 'load', archive.path)).stderr).toBe('');
    expect((await berth.tryKubectl(['apply', '-f', '-'], workloads)).stderr).toBe('');
    await berth.kubectl('rollout', 'status', 'deployment/busy', '--timeout=90s');
    await berth.kubectl('rollout', 'status', 'deployment/pretends', '--timeout=90s');
    await until('all pods are measured', async () => {
      const { stdout, stderr } = await berth.tryKubectl(['top', 'pod', '--no-headers']);
      return ['busy-', 'calm', 'pretends-'].every((name) => stdout.includes(name)) && stderr === '';
    });
    await until('all nodes are measured', async () => (await top('node')).length === 3);
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  /** The rows of `kubectl top`, each as its words. */
  const top = async (...args: string[]) =>
    (await berth.kubectl('top', ...args, '--no-headers'))
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  const replicas = async (name: string) =>
    Number(await berth.kubectl('get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}'));

  it('kubectl top node tells processor and memory of real and simulated nodes', async () => {
    const rows = await top('node', '--sort-by=memory');
    expect(rows.map(([name]) => name).toSorted()).toEqual(['node-1', 'simulated-0', 'simulated-1']);
    // A machine that runs this test uses more than nothing, and less than all there is.
    const real = rows.find(([name]) => name === 'node-1') ?? [];
    expect(real.join(' ')).toMatch(/^node-1 [1-9]\d*m \d+% [1-9]\d*Mi [1-9]\d?%$/);
    const pretended = rows.filter(([name]) => name?.startsWith('simulated'));
    // One pod of 90m and 64Mi, on 32 processors and 256 GiB, is on one of the two.
    expect(pretended.map((row) => row.slice(1).join(' ')).toSorted()).toEqual(['0m 0% 0Mi 0%', '90m 0% 64Mi 0%']);
  });

  it('kubectl top pod tells it by pod, container, label and namespace', async () => {
    const busy = (await top('pod', '-l', 'app=busy'))[0] ?? [];
    // It may use a tenth of a processor, and wants more.
    const millis = Number.parseInt(busy[1] ?? '', 10);
    expect(millis).toBeGreaterThan(20);
    expect(millis).toBeLessThan(200);
    const containers = await top('pod', 'calm', '--containers');
    expect(containers.map(([pod, name]) => `${pod} ${name}`)).toEqual(['calm main', 'calm side']);
    for (const [, , cpu, memory] of containers) expect(`${cpu} ${memory}`).toMatch(/^\d+m \d+Mi$/);
    const sorted = await top('pod', '--sort-by=cpu');
    const used = sorted.map(([, cpu]) => Number.parseInt(cpu ?? '', 10));
    expect(used).toEqual(used.toSorted((a, b) => b - a));
    const summed = await berth.kubectl('top', 'pod', '-A', '--sum');
    expect(summed).toMatch(/NAMESPACE +NAME +CPU\(cores\) +MEMORY\(bytes\)/);
    expect(summed).toMatch(/default +calm +\d+m/);
    expect(summed).toMatch(/_+ +_+ *\n +\d+m +\d+Mi/);
    expect((await berth.tryKubectl(['top', 'pod', 'absent'])).stderr).toContain(
      'podmetrics.metrics.k8s.io "default/absent" not found',
    );
  });

  it('kubectl get lists them as tables, and the view role may', async () => {
    expect(await berth.kubectl('get', 'podmetrics')).toMatch(/^NAME +CPU +MEMORY +WINDOW/);
    expect(await berth.kubectl('get', 'nodes.metrics.k8s.io')).toMatch(/simulated-0 +\d+\w? +\d+\w* +10s/);
    await berth.kubectl('create', 'serviceaccount', 'viewer');
    await berth.kubectl('create', 'rolebinding', 'viewer', '--clusterrole=view', '--serviceaccount=default:viewer');
    const may = (verb: string) =>
      berth.tryKubectl(['auth', 'can-i', verb, 'pods.metrics.k8s.io', '--as=system:serviceaccount:default:viewer']);
    await until('the role is given', async () => (await may('list')).stdout.trim() === 'yes');
    expect((await may('delete')).stdout.trim()).toBe('no');
  });

  it('autoscalers scale out what is busy and in what is calm, real or simulated', async () => {
    const autoscalers = ['busy', 'pretends'].map(autoscaler).join('---');
    expect((await berth.tryKubectl(['apply', '-f', '-'], autoscalers)).stderr).toBe('');
    for (const name of ['busy', 'pretends']) {
      await until(`${name} is scaled out`, async () => (await replicas(name)) === 3, 240_000);
    }
    for (const name of ['busy', 'pretends']) {
      await berth.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=90s');
      const hpa = JSON.parse(await berth.kubectl('get', 'hpa', name, '-o', 'json'));
      expect(hpa.status.conditions.find((one: { type: string }) => one.type === 'ScalingActive')).toMatchObject({
        status: 'True',
        reason: 'ValidMetricFound',
      });
    }
    const pods = (await berth.kubectl('get', 'pod', '-l', 'app=busy', '-o', 'name')).trim().split('\n');
    for (const pod of pods) await berth.kubectl('exec', pod, '--', 'touch', '/tmp/calm');
    await berth.kubectl('annotate', 'pod', '-l', 'app=pretends', '--overwrite', 'berth.dev/simulated-cpu=0');
    for (const name of ['busy', 'pretends']) {
      await until(`${name} is scaled in`, async () => (await replicas(name)) === 1, 240_000);
    }
    expect(await berth.kubectl('get', 'events', '--field-selector', 'reason=SuccessfulRescale')).toMatch(
      /New size: 3; reason: cpu resource utilization \(percentage of request\) above target/,
    );
  }, 600_000);
});

const autoscaler = (name: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 1
  maxReplicas: 3
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } }
  behavior:
    scaleDown: { stabilizationWindowSeconds: 0 }
`;

const workloads = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: busy }
spec:
  selector: { matchLabels: { app: busy } }
  template:
    metadata: { labels: { app: busy } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: main
          image: ${image}
          command: [sh, -c, 'while :; do [ ! -e /tmp/calm ] || sleep 1; done']
          resources: { requests: { cpu: 50m }, limits: { cpu: 100m } }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: pretends }
spec:
  selector: { matchLabels: { app: pretends } }
  template:
    metadata:
      labels: { app: pretends }
      annotations: { berth.dev/simulated-cpu: 90m, berth.dev/simulated-memory: 64Mi }
    spec:
      nodeSelector: { berth.dev/simulated: 'true' }
      tolerations: [{ key: berth.dev/simulated, operator: Exists }]
      containers: [{ name: main, image: any, resources: { requests: { cpu: 50m } } }]
---
apiVersion: v1
kind: Pod
metadata: { name: calm }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - { name: main, image: ${image} }
    - { name: side, image: ${image}, command: [sleep, '100000'] }
`;
