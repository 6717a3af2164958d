import { Agent, type Dispatcher } from 'undici';
import { residentMemory, startProgram } from './program.ts';
import { type BenchOptions, percentile, type Row, type Suite } from './row.ts';
import { type Target, targetOf } from './target.ts';

const command = 'npm run bench -- --only api';
const clients = 64;
const writes = 4000;
const reads = 10_000;
const podsListed = 10_000;
const watchers = 1000;
const withPods = 'with 10,000 pods';

/** The API over HTTPS as clients outside see it: writes, reads, a long list, many watchers. */
export const api: Suite = {
  name: 'api',
  async measure({ peerKubeconfig }: BenchOptions) {
    const own = await ours();
    if (peerKubeconfig === undefined) return own;
    const peer = await figuresOf(targetOf(peerKubeconfig));
    const ratios = own.flatMap((row): Row[] => {
      const other = peer.find(({ name }) => name === row.name);
      if (!other) return [];
      const value = row.unit === 'per s' ? row.value / other.value : other.value / row.value;
      return [
        { name: `${row.name}, against the peer`, value, unit: '×', command: `${command} --peer-kubeconfig FILE` },
      ];
    });
    return [...own, ...peer.map((row) => ({ ...row, name: `peer: ${row.name}` })), ...ratios];
  },
};

async function ours(): Promise<Row[]> {
  await using program = await startProgram(['--runtime', 'simulated']);
  const memory: Row[] = [];
  const rows = await figuresOf(targetOf(program.kubeconfig), (when) => {
    memory.push({
      name: `resident memory ${when}`,
      value: residentMemory(program.process.pid ?? 0),
      unit: 'MiB',
      ...(when === withPods ? { budget: '350 MiB' } : {}),
      command,
    });
  });
  return [...rows, ...memory];
}

/** `reached` is called at moments that are worth a look at the server. */
async function figuresOf(target: Target, reached: (when: string) => void = () => {}): Promise<Row[]> {
  const { server, tls } = target;
  const agent = new Agent({ connections: clients, pipelining: 1, connect: tls });
  const mayExist = new Set<string>();
  const call = async (method: Dispatcher.HttpMethod, path: string, body?: unknown) => {
    const { statusCode, body: answer } = await agent.request({
      origin: server,
      path,
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (statusCode >= 400 && !(statusCode === 409 && mayExist.has(method + path))) {
      throw new Error(`${method} ${path}: ${statusCode} ${await answer.text()}`);
    }
    return Buffer.from(await answer.arrayBuffer());
  };
  const namespace = `bench-${process.pid}`;
  await call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  // A controller makes it too, where there is one: pods of all servers then carry the same volume with a token.
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  mayExist.add(`POST${accounts}`);
  await call('POST', accounts, { metadata: { name: 'default' } });
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  try {
    const writing = await timed(writes, clients, (i) =>
      call('POST', maps, { metadata: { name: `m${i}` }, data: { k: 'v'.repeat(200) } }),
    );
    const reading = await timed(reads, clients, (i) => call('GET', `${maps}/m${i % writes}`));
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    await timed(podsListed, clients, (i) => call('POST', pods, pod(i)));
    const lists: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const started = performance.now();
      await call('GET', pods);
      lists.push(performance.now() - started);
    }
    reached(withPods);
    const watching = await watchLatencies(target, maps, () => call('POST', maps, { metadata: { generateName: 'w-' } }));
    reached(`after ${watchers} watchers on connections of their own`);
    return [
      { name: `writes, ${clients} clients over HTTPS, durable`, value: writing.rate, unit: 'per s', command },
      { name: 'writes, p99', value: writing.p99, unit: 'ms', command },
      { name: `reads, ${clients} clients over HTTPS`, value: reading.rate, unit: 'per s', command },
      { name: 'list of 10,000 pods, median', value: percentile(lists, 50), unit: 'ms', command },
      {
        name: `watch event to ${watchers} watchers, p99`,
        value: percentile(watching, 99),
        unit: 'ms',
        budget: '100 ms',
        command,
      },
    ];
  } finally {
    await call('DELETE', `/api/v1/namespaces/${namespace}`);
  }
}

/** Runs `count` calls, `width` at a time; answers calls per second and the 99th percentile of their latency in ms. */
async function timed(count: number, width: number, work: (i: number) => Promise<unknown>) {
  const latencies: number[] = [];
  let next = 0;
  const started = performance.now();
  const lane = async () => {
    while (next < count) {
      const i = next;
      next += 1;
      const before = performance.now();
      await work(i);
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
  return { rate: (count * 1000) / (performance.now() - started), p99: percentile(latencies, 99) };
}

/**
 * From the moment a write is sent until each of the watchers has its event, in ms; ten writes, one after the other. Each
 * watcher has a connection of its own.
 */
async function watchLatencies({ tls, server }: Target, path: string, write: () => Promise<unknown>): Promise<number[]> {
  const agent = new Agent({ connections: watchers, connect: tls, bodyTimeout: 0 });
  const stop = new AbortController();
  const latencies: number[] = [];
  let sent = 0;
  let arrived = 0;
  let wake = () => {};
  const { metadata } = JSON.parse(
    await (await agent.request({ origin: server, path: `${path}?limit=1`, method: 'GET' })).body.text(),
  ) as { metadata: { resourceVersion: string } };
  const open = Array.from({ length: watchers }, async () => {
    const { body } = await agent.request({
      origin: server,
      path: `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`,
      method: 'GET',
      signal: stop.signal,
    });
    body.on('error', () => {}); // The abort at the end.
    body.on('data', () => {
      latencies.push(performance.now() - sent);
      arrived += 1;
      if (arrived === watchers) wake();
    });
  });
  await Promise.all(open);
  for (let round = 0; round < 10; round += 1) {
    const all = new Promise<void>((resolve) => {
      wake = resolve;
    });
    arrived = 0;
    sent = performance.now();
    await write();
    await all;
  }
  stop.abort();
  await agent.destroy();
  return latencies;
}

function pod(i: number) {
  return {
    metadata: { name: `p${i}`, labels: { app: `a${i % 100}` } },
    // No scheduler takes it: the list is what is measured, not what runs.
    spec: {
      schedulerName: 'nobody',
      containers: [{ name: 'c', image: 'berth.local/busybox:1', env: [{ name: 'N', value: String(i) }] }],
    },
  };
}
