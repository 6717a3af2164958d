import { randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Informers, type KubeClient, sharedInformers } from '@berth/kube/client';
import { type KubeObject, resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import {
  type AddressPlan,
  chooseInstanceRange,
  instanceOf,
  planAddresses,
  planNode,
  releaseInstanceRange,
} from './addresses/index.ts';
import {
  keepDnsRunning,
  keepRecords,
  prepareDnsProgram,
  publishDnsService,
  recordsDirectory,
  stopDns,
} from './dns/index.ts';
import {
  cniBinDir,
  hostLink,
  namespaceOf,
  nodeLink,
  setUpHost,
  setUpNodes,
  tearDownHost,
  tearDownNodes,
  writeCniConfiguration,
} from './pods/index.ts';
import {
  computeFixed,
  endAllFlows,
  inside,
  listTable,
  releaseNodePorts,
  run,
  startProxy,
  tableName,
} from './services/index.ts';

/** Where the DNS process listens on the host's address. Pods and the host ask port 53 of the DNS service address. */
export const dnsPort = 10_053;

export interface NetworkNode {
  name: string;
  /** 0 to 126; decides the node's /24 and must stay the node's for good. */
  index: number;
}

/** The network as far as it exists before the API server: links, addresses, files. */
export interface NetworkSetup {
  instance: string;
  dataDir: string;
  plan: AddressPlan;
  nodes: readonly (NetworkNode & {
    podRange: string;
    gateway: string;
    /** Of a node whose network is not the machine's own: its address, and the file of its network namespace. */
    apart?: { address: string; namespace: string };
    /** For the runtime's CNI `conf_dir`; the programs are in `cniBinDir`. */
    cniConfDir: string;
  })[];
  cniBinDir: string;
  /** The script of the DNS process, being prepared meanwhile. */
  dnsProgram: Promise<string>;
}

/**
 * Sets up this machine for the instance: the address range, the link with the host's address (on which the API server
 * must listen too, so that pods reach it), routes, forwarding, CNI files. Takes some 20 ms; may be repeated, and leaves
 * what an earlier run made. Needs root. Throws `Conflict` when the range is taken, `ServiceUnavailable` when a program
 * is missing.
 */
export async function prepareNetwork(options: {
  dataDir: string;
  nodes: readonly NetworkNode[];
  /** Whether each node gets a network namespace and an address of its own, instead of the machine's. */
  apart?: boolean;
  claimsDir?: string;
}): Promise<NetworkSetup> {
  await mkdir(options.dataDir, { recursive: true });
  const dataDir = await realpath(options.dataDir);
  const [instance, range] = await Promise.all([instanceOf(dataDir), chooseInstanceRange({ ...options, dataDir })]);
  const plan = planAddresses(range);
  const dnsProgram = prepareDnsProgram(dataDir);
  // Reported where it is waited for.
  dnsProgram.catch(() => {});
  const [nodes] = await Promise.all([
    Promise.all(
      options.nodes.map(async (node) => {
        const { address, ...own } = planNode(range, node.index);
        const apart = options.apart ? { apart: { address, namespace: namespaceOf(instance, node.index) } } : {};
        return {
          ...node,
          ...own,
          ...apart,
          cniConfDir: await writeCniConfiguration({ dataDir, instance, range, node }),
        };
      }),
    ),
    setUpHost(instance, plan),
  ]);
  const indexes = options.nodes.map(({ index }) => index);
  if (options.apart) await setUpNodes(instance, plan, indexes);
  return { instance, dataDir, plan, nodes, cniBinDir, dnsProgram };
}

export interface Network {
  dnsPid: number;
  /** Resolves when the rules of all services that were known at the start are in the kernel. */
  ready: Promise<void>;
  /** Resolves when no change of a service waits for its rules. */
  settled(): Promise<void>;
}

/**
 * Keeps service addresses, node ports, host ports and names up to date until the signal is aborted. Rules and the DNS
 * process stay then, and are adopted by the next start. Resolves when the DNS process answers.
 */
export async function startNetwork(options: {
  setup: NetworkSetup;
  client: KubeClient;
  /** Shared with other parts of the process, so that nothing is watched twice. */
  informers?: Informers;
  /** Instead of those of the host's `/etc/resolv.conf`. */
  upstreams?: { address: string; port: number }[];
  logger: Logger;
  signal: AbortSignal;
}): Promise<Network> {
  const { setup, client, signal } = options;
  const { instance, dataDir, plan } = setup;
  const logger = options.logger.child({ part: 'network' });
  const informers =
    options.informers ??
    sharedInformers({
      client,
      signal,
      onError: (error, resource) => logger.warn({ err: error }, `${resource.resource} cannot be watched; trying again`),
    });
  const services = informers.of(resources.services);
  const endpointSlices = informers.of(resources.endpointSlices);
  const pods = informers.of(resources.pods);

  const endpoint = { address: plan.hostAddress, port: dnsPort };
  const fixed = computeFixed(
    (['udp', 'tcp'] as const).map((protocol) => ({ address: plan.dnsAddress, port: 53, protocol, endpoint })),
  );
  const common = { instance, dataDir, plan, services, endpointSlices, pods, fixed, logger, signal };
  const apart = setup.nodes.filter((node) => node.apart !== undefined);
  const others = apart.map(({ name, podRange, apart }) =>
    startProxy({
      ...common,
      logger: logger.child({ node: name }),
      ...(apart ? { place: inside(apart.namespace) } : {}),
      uplink: { link: nodeLink, podRange },
      servesHostPorts: (node) => node === name,
      // Its ports are its own: no other instance can want them.
      nodePortClaims: join(dataDir, 'network', 'ports', name),
    }),
  );
  const proxy = startProxy({
    ...common,
    ...(apart.length > 0 ? { uplink: { link: hostLink(instance) } } : {}),
    servesHostPorts: (node) => !apart.some(({ name }) => name === node),
    onPortTaken(object, port) {
      const message = `port ${port} of this machine is in use by another Berth instance; choose another one`;
      reportPortTaken(client, object, message).catch((error) => logger.warn({ err: error }, message));
    },
  });
  const records = keepRecords({ directory: recordsDirectory(dataDir), services, endpointSlices, logger, signal });
  records.catch((error) => logger.error({ err: error }, 'DNS records cannot be written'));
  publishDnsService({ client, plan, port: dnsPort, logger, signal }).catch((error) =>
    logger.error({ err: error }, 'the service kube-dns cannot be created'),
  );
  const { pid } = await keepDnsRunning({
    dataDir,
    range: plan.range,
    listen: endpoint,
    avoid: [plan.hostAddress, plan.dnsAddress],
    program: setup.dnsProgram,
    ...(options.upstreams ? { upstreams: options.upstreams } : {}),
    logger,
    signal,
  });
  const proxies = [proxy, ...others];
  return {
    dnsPid: pid,
    ready: Promise.all([...proxies.map(({ ready }) => ready), records]).then(() => {}),
    settled: async () => {
      await Promise.all(proxies.map(({ settled }) => settled()));
    },
  };
}

async function reportPortTaken(client: KubeClient, about: KubeObject, message: string): Promise<void> {
  const { namespace = 'default', name, uid } = about.metadata;
  const time = new Date().toISOString();
  await client.create(resources.events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${randomUUID().slice(0, 13)}`, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, ...(uid ? { uid } : {}) },
    type: 'Warning',
    reason: 'NodePortTaken',
    message,
    source: { component: 'berth-network' },
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  });
}

/**
 * Takes everything of this instance's network from the machine: the DNS process, rules, links, remembered flows, the claim of
 * its range. Others' links and rules stay as they are, and so does IP forwarding. Containers must have ended before. May
 * be repeated; the range itself is kept in the data directory for the next start.
 */
export async function removeNetwork(options: { dataDir: string; claimsDir?: string }): Promise<void> {
  const dataDir = await realpath(options.dataDir).catch(() => undefined);
  if (dataDir === undefined) return;
  const range = (await readFile(join(dataDir, 'network', 'range'), 'utf8').catch(() => '')).trim();
  await stopDns(dataDir);
  if (range !== '') {
    const instance = await instanceOf(dataDir);
    const plan = planAddresses(range);
    await tearDownNodes(instance);
    await tearDownHost(instance, plan);
    if (await listTable(tableName(instance))) await run('nft', ['delete', 'table', 'ip', tableName(instance)]);
    await endAllFlows(plan.range);
    await releaseNodePorts(dataDir);
    await releaseInstanceRange({ ...options, dataDir });
  }
  for (const part of ['cni', 'ipam', 'dns', 'ports'])
    await rm(join(dataDir, 'network', part), { recursive: true, force: true });
}
