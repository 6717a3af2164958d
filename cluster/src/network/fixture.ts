import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KubeClient, WatchEvent } from '@berth/kube/client';
import { type KubeObject, keyOf, type ResourceRef } from '@berth/kube/objects';
import { pino } from 'pino';
import { type Network, type NetworkSetup, prepareNetwork, removeNetwork, startNetwork } from './network.ts';
import { inside, run } from './services/index.ts';

/** An API server that is only a table of objects: enough for informers. */
export function tableClient(): Pick<KubeClient, 'list' | 'watch' | 'create'> & {
  put(ref: ResourceRef, ...objects: KubeObject[]): void;
  remove(ref: ResourceRef, object: KubeObject): void;
} {
  let version = 1;
  const tables = new Map<string, Map<string, KubeObject>>();
  /** Every event so far with its resource; who watches reads on from its version. */
  const events: { resource: string; event: WatchEvent }[] = [];
  let more = Promise.withResolvers<void>();
  const table = (ref: ResourceRef) => {
    const found = tables.get(ref.resource) ?? new Map<string, KubeObject>();
    tables.set(ref.resource, found);
    return found;
  };
  const tell = (ref: ResourceRef, event: WatchEvent) => {
    events.push({ resource: ref.resource, event });
    more.resolve();
    more = Promise.withResolvers();
  };
  function put(ref: ResourceRef, ...objects: KubeObject[]): void {
    for (const given of objects) {
      version += 1;
      const key = keyOf(given);
      const before = table(ref).get(key);
      const metadata = { uid: before?.metadata.uid ?? `u${version}`, ...given.metadata, resourceVersion: `${version}` };
      const object = { ...given, metadata };
      table(ref).set(key, object);
      tell(ref, { type: before ? 'MODIFIED' : 'ADDED', object });
    }
  }
  return {
    put,
    remove(ref, { metadata }) {
      const object = table(ref).get(keyOf({ metadata }));
      if (!object) return;
      version += 1;
      table(ref).delete(keyOf(object));
      tell(ref, {
        type: 'DELETED',
        object: { ...object, metadata: { ...object.metadata, resourceVersion: `${version}` } },
      });
    },
    // The objects under a resource's name are that resource's: the tests put them there.
    list: async <T extends KubeObject>(ref: ResourceRef) => ({
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: `${version}` },
      items: [...table(ref).values()] as T[],
    }),
    async *watch<T extends KubeObject>(
      ref: ResourceRef,
      options: { signal?: AbortSignal; resourceVersion?: string } = {},
    ): AsyncIterable<WatchEvent<T>> {
      const ended = new Promise<void>((resolve) => options.signal?.addEventListener('abort', () => resolve()));
      let next = 0;
      while (!options.signal?.aborted) {
        const entry = events[next];
        if (!entry) {
          await Promise.race([more.promise, ended]);
          continue;
        }
        next += 1;
        if (entry.resource !== ref.resource) continue;
        if (Number(entry.event.object.metadata.resourceVersion) <= Number(options.resourceVersion ?? 0)) continue;
        yield entry.event as WatchEvent<T>;
      }
    },
    async create(ref, object) {
      put(ref, object);
      return object;
    },
  };
}

/** Says its name and who asked, over TCP and UDP on port 8080; the first line on stdout means that it listens. */
const echo = `
const [name] = process.argv.slice(1);
const udp = require('node:dgram').createSocket('udp4');
udp.on('message', (_, from) => udp.send(name + ' ' + from.address, from.port, from.address));
require('node:net').createServer((socket) => {
  socket.on('error', () => {});
  socket.write(name + ' ' + socket.remoteAddress + '\\n');
  socket.on('data', (data) => socket.write(data));
  socket.on('end', () => socket.end());
}).listen(8080, '0.0.0.0', () => udp.bind(8080, () => console.log('listening')));
`;

export interface TestPod {
  name: string;
  address: string;
  /** Runs a program in the pod's namespace and answers its output; failures too. */
  exec(...command: string[]): Promise<string>;
  remove(): Promise<void>;
}

/**
 * A network instance of its own on this machine, with pods that are namespaces wired by the real CNI plugin. `apart`: how many nodes it has
 * in network namespaces; without, there is one, which is the machine.
 */
export async function networkFixture({ apart = 0 } = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-network-'));
  const client = tableClient();
  const nodes = Array.from({ length: Math.max(apart, 1) }, (_, index) => ({ name: `n${index}`, index }));
  const setup = await prepareNetwork({ dataDir, nodes, apart: apart > 0 });
  const pods: TestPod[] = [];
  let aborter = new AbortController();

  async function addPod(name: string, nodeIndex = 0): Promise<TestPod> {
    const pod = await createPod(setup, name, nodeIndex);
    pods.push(pod);
    return pod;
  }

  return {
    dataDir,
    client,
    setup,
    addPod,
    async start(upstreams: { address: string; port: number }[] = []): Promise<Network> {
      aborter = new AbortController();
      const network = await startNetwork({
        setup,
        client: client as unknown as KubeClient,
        upstreams,
        logger: pino({ level: process.env.BERTH_TEST_LOG ?? 'silent' }),
        signal: aborter.signal,
      });
      await network.ready;
      return network;
    },
    /** What a crash leaves behind: nothing of this process watches any more, nothing is taken down. */
    stop: () => aborter.abort(),
    async [Symbol.asyncDispose]() {
      aborter.abort();
      for (const pod of pods) await pod.remove();
      await removeNetwork({ dataDir });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function createPod(setup: NetworkSetup, name: string, nodeIndex: number): Promise<TestPod> {
  const netns = `bt${setup.instance}${name}`;
  const node = setup.nodes[nodeIndex];
  if (!node) throw new Error('no node');
  await run('ip', ['netns', 'add', netns]);
  await run('ip', ['-n', netns, 'link', 'set', 'lo', 'up']);
  const file = join(node.cniConfDir, '10-berth.conflist');
  const { plugins, ...common } = JSON.parse(await readFile(file, 'utf8')) as { plugins: { type: string }[] };
  const cni = async (command: 'ADD' | 'DEL') => {
    const environment = [
      `CNI_COMMAND=${command}`,
      `CNI_CONTAINERID=${netns}`,
      `CNI_NETNS=/var/run/netns/${netns}`,
      'CNI_IFNAME=eth0',
      `CNI_PATH=${setup.cniBinDir}`,
    ];
    const input = JSON.stringify({ ...common, ...plugins[0] });
    const { run: runThere } = node.apart ? inside(node.apart.namespace) : { run };
    return runThere('env', [...environment, join(setup.cniBinDir, plugins[0]?.type ?? '')], input);
  };
  const { ips } = JSON.parse(await cni('ADD')) as { ips: { address: string }[] };
  const resolver = join('/etc/netns', netns);
  await mkdir(resolver, { recursive: true });
  const search = 'shop.svc.cluster.local svc.cluster.local cluster.local';
  await writeFile(
    join(resolver, 'resolv.conf'),
    `nameserver ${setup.plan.dnsAddress}\nsearch ${search}\noptions ndots:5 timeout:2 attempts:1\n`,
  );
  const server: ChildProcess = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', echo, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout) for await (const _ of createInterface(server.stdout)) break;
  return {
    name,
    address: ips[0]?.address.split('/')[0] ?? '',
    exec: (...command) => run('ip', ['netns', 'exec', netns, 'sh', '-c', '"$0" "$@" 2>&1 || true', ...command]),
    async remove() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      if (server.exitCode === null && server.kill('SIGKILL')) await ended;
      await cni('DEL').catch(() => {});
      await run('ip', ['netns', 'delete', netns]).catch(() => {});
      await rm(resolver, { recursive: true, force: true });
    },
  };
}
