import { Worker } from 'node:worker_threads';
import { Agent } from 'undici';
import { startProgram } from './program.ts';
import { percentile, type Row, type Suite } from './row.ts';
import { type Target, targetOf } from './target.ts';

const command = 'npm run bench -- --only fairness';
const flooding = 64;
const reads = 300;
const objects = 2000;
const bytes = 2000;
const maps = '/api/v1/namespaces/default/configmaps';
/** 0: no flow control. */
const seats = [600, 0];
/** Long lists that cost little to make, and some that cost much. */
const floods = {
  lists: 'application/json',
  tables: 'application/json;as=Table;v=v1;g=meta.k8s.io',
};

/** What one client's flood of long lists does to the short reads of another. */
export const fairness: Suite = {
  name: 'fairness',
  async measure() {
    const rows: Row[] = [];
    for (const many of seats) {
      await using program = await startProgram(['--runtime', 'simulated', '--max-requests-inflight', String(many)]);
      const target = targetOf(program.kubeconfig);
      await prepare(target);
      for (const [what, accept] of Object.entries(floods)) {
        for (const row of await measureBeside(target, accept)) {
          rows.push({
            ...row,
            name: `${many === 0 ? 'no flow control' : `${many} seats`}, ${flooding} ${what}: ${row.name}`,
          });
        }
      }
    }
    return rows;
  },
};

async function measureBeside(target: Target, accept: string): Promise<Row[]> {
  const flood = new Worker(new URL('fairness-flood.ts', import.meta.url), {
    workerData: { target, user: 'large', path: maps, width: flooding, accept },
  });
  const served = () =>
    new Promise<number>((resolve) => {
      flood.once('message', resolve);
      flood.postMessage('count');
    });
  try {
    // As soon as there is something to tell.
    while ((await served()) === 0);
    const before = await served();
    const started = performance.now();
    const latencies = await readsOf(target, 'small');
    const seconds = (performance.now() - started) / 1000;
    return [
      { name: 'short read of another, p50', value: percentile(latencies, 50), unit: 'ms', command },
      { name: 'short read of another, p99', value: percentile(latencies, 99), unit: 'ms', command },
      { name: 'served meanwhile', value: ((await served()) - before) / seconds, unit: 'per s', command },
    ];
  } finally {
    await flood.terminate();
  }
}

async function prepare({ server, tls }: Target): Promise<void> {
  const agent = new Agent({ connections: 32, connect: tls });
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await agent.request({ origin: server, path, method: 'POST', headers, body: JSON.stringify(body) });
    await answer.body.dump();
    if (answer.statusCode !== 201) throw new Error(`POST ${path}: ${answer.statusCode}`);
  };
  const group = 'rbac.authorization.k8s.io';
  await post(`/apis/${group}/v1/clusterrolebindings`, {
    metadata: { name: 'bench' },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: ['small', 'large'].map((name) => ({ apiGroup: group, kind: 'User', name })),
  });
  const data = { text: 'x'.repeat(bytes) };
  await Promise.all(Array.from({ length: objects }, (_, i) => post(maps, { metadata: { name: `m${i}` }, data })));
  await agent.close();
}

/** One after the other, as a user that the administrator stands for; in ms. */
async function readsOf({ server, tls }: Target, user: string): Promise<number[]> {
  const agent = new Agent({ connections: 1, connect: tls });
  const latencies: number[] = [];
  for (let i = 0; i < reads; i++) {
    const before = performance.now();
    const headers = { 'impersonate-user': user };
    const { statusCode, body } = await agent.request({ origin: server, path: `${maps}/m${i}`, method: 'GET', headers });
    await body.dump();
    if (statusCode !== 200) throw new Error(`a short read was answered ${statusCode}`);
    latencies.push(performance.now() - before);
  }
  await agent.close();
  return latencies;
}
