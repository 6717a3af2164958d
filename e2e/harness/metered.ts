import type { Berth } from './berth.ts';
import { webArchive } from './images.ts';
import { until } from './until.ts';
import { startWorkloads } from './workloads.ts';

const image = 'berth.local/web:1';

/** A cluster of one real and two simulated nodes with the workloads below, all of which `kubectl top` knows. */
export async function startMetered(): Promise<Berth> {
  const berth = await startWorkloads({
    args: ['--simulated-nodes', '2'],
    images: [() => webArchive(image, '1')],
    objects: workloads,
    ready: ['deployment/busy', 'deployment/pretends'],
  });
  try {
    await until('all pods are measured', async () => {
      const { stdout, stderr } = await berth.tryKubectl(['top', 'pod', '--no-headers']);
      return ['busy-', 'calm', 'pretends-'].every((name) => stdout.includes(name)) && stderr === '';
    });
    await until('all nodes are measured', async () => (await top(berth, 'node')).length === 3);
    return berth;
  } catch (error) {
    await berth[Symbol.asyncDispose]();
    throw error;
  }
}

/** The rows of `kubectl top`, each as its words. */
export async function top(berth: Berth, ...args: string[]): Promise<string[][]> {
  const rows = await berth.kubectl('top', ...args, '--no-headers');
  return rows
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
}

/** One that uses all it may, one that pretends to, and one that does nothing. */
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
