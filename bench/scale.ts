import { clientFromKubeconfig, type KubeClient, startInformer } from '@berth/kube/client';
import { type Deployment, type KubeObject, type Node, type Pod, type Resource, resources } from '@berth/kube/objects';
import { processorTime, residentMemory, startProgram } from './program.ts';
import type { Row, Suite } from './row.ts';
import { inParallel } from './scheduling.ts';

const command = 'npm run bench -- --only scale';
const namespace = 'default';
const [nodes, firstPods, allPods] = [5_000, 10_000, 50_000];
/** Pods that come by Deployments come a thousand each. */
const replicas = 1_000;

/** The whole program with thousands of nodes that pretend: from the start of its process, and what it takes with many pods on them. */
export const scale: Suite = {
  name: 'scale',
  async measure() {
    const started = performance.now();
    await using program = await startProgram(['--runtime', 'simulated', '--simulated-nodes', String(nodes)]);
    const client = await clientFromKubeconfig(program.kubeconfig);
    const { pid = 0 } = program.process;
    try {
      const row = (name: string, value: number, unit: string, budget?: string): Row => ({
        ...{ name, value, unit, command },
        ...(budget === undefined ? {} : { budget }),
      });
      await untilThere<Node>(client, resources.nodes, nodes, { wanted: isReady });
      const nodesReady = performance.now() - started;
      const created = performance.now();
      const running = untilThere(client, resources.pods, firstPods, areRunning);
      await inParallel(firstPods, (i) => client.create(resources.pods, pod(`bench-${i}`)));
      await running;
      const podsRunning = performance.now() - created;
      const withFirst = residentMemory(pid);
      const scaled = performance.now();
      const more = (allPods - firstPods) / replicas;
      await inParallel(more, (i) => client.create(resources.deployments, deployment(`bench-${i}`)));
      await untilThere(client, resources.pods, allPods, areRunning);
      const allRunning = performance.now() - scaled;
      const [before, at] = [processorTime(pid), performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      const used = (100 * (processorTime(pid) - before)) / (performance.now() - at);
      const count = (number: number) => number.toLocaleString('en');
      return [
        row(`from the start until ${count(nodes)} simulated nodes are ready`, nodesReady / 1000, 's', '20 s'),
        row(`${count(firstPods)} pods from create to Running on them`, podsRunning / 1000, 's', '20 s'),
        row(`resident memory with ${count(firstPods)} pods on them`, withFirst, 'MiB'),
        row(`${count(allPods - firstPods)} pods more by Deployments until Running`, allRunning / 1000, 's'),
        row(`resident memory with ${count(allPods)} pods on them`, residentMemory(pid), 'MiB', '2,048 MiB'),
        row(`processor, ${count(nodes)} nodes and ${count(allPods)} pods at rest`, used, '% of a core'),
      ];
    } finally {
      await client.close();
    }
  },
};

const isReady = ({ status }: Node) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
/** Told by the server once for each: what else happens to a pod is not this process's to read. */
const areRunning = { fieldSelector: 'status.phase=Running' };

/** Resolves when `count` objects are as wanted. */
async function untilThere<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  count: number,
  { wanted, fieldSelector = '' }: { wanted?: (object: T) => boolean; fieldSelector?: string },
): Promise<void> {
  const over = new AbortController();
  const found = new Set<string>();
  await new Promise<void>((resolve) => {
    startInformer({ client, resource, fieldSelector, signal: over.signal }).subscribe(({ object }) => {
      if (wanted?.(object) === false) return;
      found.add(object.metadata.name);
      if (found.size >= count) resolve();
    });
  });
  over.abort();
}

const spec = { containers: [{ name: 'c', image: 'none', resources: { requests: { cpu: '10m', memory: '10Mi' } } }] };

function pod(name: string): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: 'bench' } }, spec };
}

function deployment(name: string): Deployment {
  const labels = { app: name };
  const template = { metadata: { labels }, spec };
  const metadata = { name, namespace };
  const selector = { matchLabels: labels };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, selector, template } };
}
