import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dial, type KubeClient, startInformer } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import { eventRecorder } from '@berth/kube/reconcile';
import type { Logger } from 'pino';
import type { NodeAnswer, PodUse, Use } from '../api/nodes/index.ts';
import type { PodAccess } from '../api/streaming/types.ts';
import { podAccess } from './access/index.ts';
import { refusalOf } from './admission/index.ts';
import { createHousekeeping, type HousekeepingSettings } from './housekeeping.ts';
import { type RotationPolicy, usualRotation } from './logs/index.ts';
import { startPodAgent } from './pods/agent.ts';
import type { NodeContext } from './pods/context.ts';
import { watchReferences } from './pods/references.ts';
import { openResizeRecords } from './pods/resize/index.ts';
import { parseResolvConf } from './pods/sandbox-config.ts';
import { countProbes } from './probes/index.ts';
import { startLocalProvisioner } from './provisioner/index.ts';
import { openPulls } from './pulls/index.ts';
import { type Machine, readMachine, registerNode } from './registration/index.ts';
import type { Runtime } from './runtime/types.ts';
import {
  type AgentFacts,
  type AgentServer,
  type AgentServerOptions,
  answerOf,
  ownProcess,
  startAgentServer,
} from './server/index.ts';
import { createMeter, type NodeUsage, podUseOf, readUsage, takeSample } from './stats/index.ts';

export { type HousekeepingSettings, requireHousekeeping, usualHousekeeping } from './housekeeping.ts';
export {
  type Containerd,
  type ContainerdOptions,
  requireContainerd,
  startContainerd,
} from './runtime/containerd/index.ts';
export { createCriRuntime } from './runtime/cri/index.ts';
export { createSimulatedRuntime } from './runtime/simulated/index.ts';
export type { Runtime } from './runtime/types.ts';
export {
  type SimulatedNodes,
  type SimulatedNodesOptions,
  simulatedKey,
  simulatedUse,
  startSimulatedNodes,
} from './simulated/index.ts';
export type { ContainerUsage, NodeUsage, Usage } from './stats/index.ts';

export interface NodeOptions {
  name: string;
  /** Six hexadecimal characters of the installation. */
  instance: string;
  /** The node's own directory: pods' volumes and logs are kept in it. */
  dataDir: string;
  /** As the node. */
  client: KubeClient;
  /** As who provisions volumes: a node may make none. */
  volumes: KubeClient;
  runtime: Runtime;
  /** The range of the node's pods, `10.0.0.0/24`. */
  podCidr: string;
  /** The node's address, and how to connect from there, where its network is not this process's. */
  network?: { address: string; dial: Dial; listen: NonNullable<AgentServerOptions['listen']> };
  /** Makes the certificate of the agent's own port (PEM), and says who signs those of users. Without it there is no such port. */
  serving?(names: readonly string[]): Promise<{ cert: string; key: string; clientCa: string }>;
  /** The address that pods ask for names. */
  clusterDns: string;
  /** `cluster.local`. */
  clusterDomain: string;
  logger: Logger;
  /** Ends the agent as `stop` does. */
  signal: AbortSignal;
  kubeletVersion?: string;
  /** For how long the node's lease holds; kubelet's 40 by default. It is renewed four times in that. */
  leaseSeconds?: number;
  /** How logs of containers are kept short; kubelet's way by default. */
  logRotation?: Partial<RotationPolicy>;
  /** When the node makes room; as kubelet does by default. */
  housekeeping?: HousekeepingSettings;
  /** Milliseconds since the epoch. */
  now?(): number;
}

export interface NodeAgent {
  access: PodAccess;
  /** Images were imported: pods that wait for one look at once. */
  imagesChanged(): void;
  /** What the machine and the containers use just now. */
  usage(): Promise<NodeUsage>;
  /** What it answers to a GET of a path, query included, at its own port: metrics, statistics, pods. */
  answer(path: string): Promise<NodeAnswer>;
  /** What the machine used lately; undefined while that is not known. */
  use(): Use | undefined;
  /** What the containers of a pod used lately, by the pod's uid. */
  podUse(uid: string): PodUse | undefined;
  /** Ends the agent; containers go on and are taken over by the next. */
  stop(): Promise<void>;
}

/** Milliseconds between two looks at what is used: kubelet's housekeeping. */
const measureEvery = 10_000;

/** Registers the node and runs the pods that are bound to it. Resolves when the Node is in the API and ready. */
export async function startNode(options: NodeOptions): Promise<NodeAgent> {
  const over = new AbortController();
  try {
    return await startAgent(options, over);
  } catch (error) {
    // What was started until then, its port above all, would be in the way of the next.
    over.abort();
    throw error;
  }
}

async function startAgent(options: NodeOptions, over: AbortController): Promise<NodeAgent> {
  const { client, runtime, name, instance, dataDir, logger } = options;
  const now = options.now ?? Date.now;
  const signal = AbortSignal.any([options.signal, over.signal]);
  const directories = {
    pods: join(dataDir, 'pods'),
    secrets: join('/run', `berth-${instance}`, name, 'secrets'),
  };
  const podLogs = join(dataDir, 'logs');
  for (const directory of [directories.pods, directories.secrets, podLogs]) {
    await mkdir(directory, { recursive: true, mode: 0o711 });
  }
  const { network } = options;
  const machine = { ...(await readMachine(dataDir)), ...(network ? { ips: [network.address] } : {}) };
  const version = options.kubeletVersion ?? 'v1.35.0+berth';
  const recorder = eventRecorder({
    client,
    component: 'kubelet',
    host: name,
    onError: (error) => logger.debug({ err: error }, 'an event was not recorded'),
  });
  const surroundings = { node: name, instance, machine, runtime, directories, now };
  const pulls = await openPulls({ file: join(dataDir, 'pulls.json'), images: () => runtime.listImages(), now });
  const keeping = createHousekeeping({
    pulls,
    settings: options.housekeeping ?? {},
    around: surroundings,
    podLogs,
    recorder,
    logger,
    signal,
  });
  const answering = Promise.withResolvers<AgentFacts>();
  const server = await openPort(options, machine, async (path) => answerOf(path, await answering.promise));
  onceAborted(signal, () => server?.close());
  const registration = await registerNode({
    ...(server ? { agentPort: server.port } : {}),
    client,
    name,
    machine,
    allocatable: keeping.allocatable,
    runtime,
    podCidr: options.podCidr,
    kubeletVersion: version,
    leaseSeconds: options.leaseSeconds ?? 40,
    pressures: keeping.pressures,
    logger,
    now,
  });
  onceAborted(signal, registration.stop);
  const services = startInformer({ client, resource: resources.services, signal });
  await services.synced;
  const references = watchReferences({ client, signal, changed: (uids) => agent?.refresh(uids) });
  const context: NodeContext = {
    client,
    runtime,
    logger,
    signal,
    recorder,
    now,
    around: {
      instance,
      nodeName: name,
      podLogs,
      clusterDns: options.clusterDns,
      clusterDomain: options.clusterDomain,
      hostDns: parseResolvConf(await readFile('/etc/resolv.conf', 'utf8').catch(() => '')),
    },
    hostIps: machine.ips,
    ...(network ? { dial: network.dial } : {}),
    memoryBytes: machine.memoryBytes,
    allocatable: {
      cpuMillis: machine.cpus * 1000,
      memory: keeping.allocatable.memoryBytes,
      ephemeralStorage: keeping.allocatable.storageBytes,
    },
    resizes: await openResizeRecords(join(dataDir, 'resizes'), (error) =>
      logger.warn({ err: error }, 'the record of a resize cannot be read and does not count'),
    ),
    directories,
    logRotation: { ...usualRotation, ...options.logRotation },
    seccompDirectory: join(dataDir, 'seccomp'),
    references,
    pulls,
    probes: countProbes(),
    services(namespace) {
      const own = services.list(namespace);
      const api = services.get({ namespace: 'default', name: 'kubernetes' });
      return api && namespace !== 'default' ? [api, ...own] : own;
    },
    processes: runtime.name !== 'simulated',
  };
  const root = join(dataDir, 'volumes');
  await mkdir(root, { recursive: true, mode: 0o711 });
  const owns = (node: string) => node === name;
  await startLocalProvisioner({ client: options.volumes, owns, root, real: context.processes, logger, signal });
  let agent: Awaited<ReturnType<typeof startPodAgent>> | undefined;
  const self = startInformer({ client, resource: resources.nodes, fieldSelector: `metadata.name=${name}`, signal });
  await self.synced;
  agent = await startPodAgent(context, name, (pod, others) => {
    const short = keeping.refusal(pod);
    if (short !== undefined) return { reason: 'Evicted', message: short };
    return refusalOf(pod, { others, node: self.get({ name }) ?? registration.node, machine });
  });
  const running = agent;
  onceAborted(signal, running.stop);
  const meter = createMeter();
  const measure = () =>
    readUsage(runtime, now).then(meter.add, (error) => logger.debug({ err: error }, 'what is used could not be read'));
  await measure();
  answering.resolve({
    version,
    sample: shared(() => takeSample(surroundings, running.workers())),
    rates: {
      node: () => meter.node()?.cpuNanocores,
      container: (uid, container) => meter.pod(uid)?.get(container)?.cpuNanocores,
    },
    pods: () => running.workers().map(({ pod }) => pod),
    probes: () => context.probes.list(),
    process: () => ownProcess(now()),
  });
  keeping.start({ node: registration.node, agent: running, changed: registration.refresh });
  const measuring = setInterval(() => void measure(), measureEvery).unref();
  onceAborted(signal, () => clearInterval(measuring));
  return {
    access: podAccess({ runtime, worker: (uid) => running.worker(uid), now }),
    imagesChanged: () => running.imagesChanged(),
    usage: () => readUsage(runtime, now),
    answer: async (path) => answerOf(path, await answering.promise),
    use: () => meter.node(),
    podUse: (uid) => podUseOf(meter.pod(uid)),
    async stop() {
      over.abort();
      await recorder.flush();
    },
  };
}

/** The agent's own port; a node whose address nobody can listen on goes without it. */
async function openPort(
  { name, client, serving, network, logger }: NodeOptions,
  machine: Machine,
  answer: (path: string) => Promise<NodeAnswer>,
): Promise<AgentServer | undefined> {
  const [host = '127.0.0.1'] = machine.ips;
  if (!serving) return undefined;
  try {
    const tls = await serving([name, ...machine.ips]);
    const listen = network ? { listen: network.listen } : {};
    return await startAgentServer({ node: name, host, tls, client, answer, logger, ...listen });
  } catch (error) {
    logger.warn({ err: error, host }, 'the agent of the node has no port of its own');
    return undefined;
  }
}

/** Also where it was aborted while something was still being started. */
function onceAborted(signal: AbortSignal, end: () => void): void {
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
}

/** One look for all who ask while it is under way. */
function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let current: Promise<T> | undefined;
  return () => {
    current ??= look().finally(() => {
      current = undefined;
    });
    return current;
  };
}
