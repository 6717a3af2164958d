import { setTimeout as delay } from 'node:timers/promises';
import { clientFromKubeconfig, type KubeClient, startInformer } from '@berth/kube/client';
import { type Pod, resources } from '@berth/kube/objects';
import { openBareRuntime } from './bare-cri.ts';
import { startProgram } from './program.ts';
import { percentile, type Row, type Suite } from './row.ts';

const command = 'npm run bench -- --only pods';
const pods = 20;
/** At a steady pace. */
const [many, perSecond] = [100, 5];
const image = 'berth.local/pause:1';

/**
 * From `create` to Running with the image present, one pod at a time, in turn with the bare CRI calls on the same
 * containerd: what disturbs the machine disturbs both.
 */
export const podStart: Suite = {
  name: 'pods',
  async measure() {
    await using program = await startProgram([]);
    const client = await clientFromKubeconfig(program.kubeconfig);
    await using runtime = await openBareRuntime({ dataDir: program.dataDir, image });
    const namespace = 'default';
    const times: number[] = [];
    const bare: number[] = [];
    for (let i = 0; i < pods; i += 1) {
      const name = `bench-${i}`;
      const stop = new AbortController();
      const events = client.watch(resources.pods, {
        namespace,
        fieldSelector: `metadata.name=${name}`,
        signal: stop.signal,
      });
      const running = untilRunning(events);
      const started = performance.now();
      await client.create(resources.pods, pod(name));
      await running;
      times.push(performance.now() - started);
      stop.abort();
      await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0 });
      await runtime.empty();
      bare.push(await runtime.startPod());
    }
    const steady = await steadyStarts(client, namespace);
    await client.close();
    const rows: Row[] = [
      { name: 'pod from create to Running, median', value: percentile(times, 50), unit: 'ms', command },
      {
        name: 'pod from create to Running, p99',
        value: percentile(times, 99),
        unit: 'ms',
        budget: '1,000 ms',
        command,
      },
      { name: 'the bare CRI calls for it, median', value: percentile(bare, 50), unit: 'ms', command },
      {
        name: 'pod start against the bare CRI calls',
        value: percentile(times, 50) / percentile(bare, 50),
        unit: '×',
        budget: '1.5 ×',
        command,
      },
      {
        name: `${many} pods on one node at ${perSecond} per second, create to Running, median`,
        value: percentile(steady, 50),
        unit: 'ms',
        command,
      },
      {
        name: `${many} pods on one node at ${perSecond} per second, create to Running, p99`,
        value: percentile(steady, 99),
        unit: 'ms',
        budget: '1,000 ms; Kubernetes asks 5,000 ms',
        command,
      },
    ];
    return rows;
  },
};

/** Kubernetes' own objective for starting pods: so many a second, while those before them stay. Milliseconds of each. */
async function steadyStarts(client: KubeClient, namespace: string): Promise<number[]> {
  const begun = new Map<string, number>();
  const times: number[] = [];
  const over = new AbortController();
  const all = Promise.withResolvers<void>();
  // A pod that is refused is told at the end, while others are still on their way.
  all.promise.catch(() => undefined);
  startInformer({ client, resource: resources.pods, signal: over.signal }).subscribe(({ object }) => {
    const started = begun.get(object.metadata.name);
    if (started === undefined || object.status?.phase !== 'Running') return;
    begun.delete(object.metadata.name);
    times.push(performance.now() - started);
    if (times.length === many) all.resolve();
  });
  for (let i = 0; i < many; i += 1) {
    const name = `steady-${i}`;
    begun.set(name, performance.now());
    client.create(resources.pods, { ...pod(name), metadata: { name, namespace } }).catch(all.reject);
    await delay(1000 / perSecond);
  }
  await all.promise.finally(() => over.abort());
  return times;
}

async function untilRunning(events: AsyncIterable<{ type: string; object: unknown }>): Promise<void> {
  for await (const { object } of events) {
    if ((object as Pod).status?.phase === 'Running') return;
  }
  throw new Error('the watch ended before the pod ran');
}

function pod(name: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image }], terminationGracePeriodSeconds: 0 },
  };
}
