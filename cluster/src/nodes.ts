import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import type { KubeClient } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { NodeAccess, PodAccess } from './api/index.ts';
import { type Door, type NetworkSetup, namespaceOf, openDoor, setNodeLink } from './network/index.ts';
import { buildImage, pauseImage, pauseReference } from './node/images/index.ts';
import {
  type Containerd,
  createCriRuntime,
  type NodeAgent,
  type NodeOptions,
  type Runtime,
  type SimulatedNodes,
  startContainerd,
  startNode,
} from './node/index.ts';

/** The containers' side of the nodes, which needs no API server yet: their runtimes with the sandbox image in them. */
export interface NodeRuntime {
  name: string;
  directory: string;
  podRange: string;
  /** Where the node's network is not this machine's: its address, and the way to connect from there. */
  apart?: { address: string; door: Door };
  containerd: Pick<Containerd, 'runtime' | 'importImage'>;
  /** Gives the runtime back; its containers go on. */
  release(): void;
  /** Ends it and its containers at once, as when a machine's power is cut. */
  cutPower(): Promise<void>;
}

/** Names are part of pods' identity and must stay: they go by number, not by the machine's changing name. */
export function nodeName(index: number): string {
  return `node-${index + 1}`;
}

const nodeIndex = (name: string): number => Number(name.slice('node-'.length)) - 1;

export const nodesDirectory = (dataDir: string): string => join(dataDir, 'nodes');

/** Starts or takes over the containerd of one node, and gives it the sandbox image. */
export async function openContainerd(options: {
  instance: string;
  dataDir: string;
  node: Pick<NetworkSetup['nodes'][number], 'name' | 'index' | 'podRange' | 'cniConfDir' | 'apart'>;
  logger: Logger;
  /** Brings an image that no registry has into the node, and answers whether it did. */
  supplyImage(reference: string): Promise<boolean>;
}): Promise<NodeRuntime> {
  const { instance, dataDir, node, logger, supplyImage } = options;
  const directory = join(nodesDirectory(dataDir), node.name);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const { apart } = node;
  if (apart) await setNodeLink(instance, node.index, 'up');
  const containerd = await startContainerd({
    instance,
    node: node.name,
    directory,
    logger: logger.child({ part: 'containerd', node: node.name }),
    sandboxImage: pauseReference,
    cniConfig: node.cniConfDir,
    registries: join(dataDir, 'registries'),
    ...(apart ? { network: apart } : {}),
  });
  await provideSandboxImage(containerd, directory);
  const { importImage } = containerd;
  const runtime = withSupply(containerd.runtime, supplyImage);
  const door = apart && openDoor(apart.namespace);
  return {
    name: node.name,
    directory,
    podRange: node.podRange,
    ...(apart && door ? { apart: { address: apart.address, door } } : {}),
    containerd: { runtime, importImage },
    release() {
      door?.close();
      containerd.release();
    },
    async cutPower() {
      // A machine without power answers nobody.
      if (apart) await setNodeLink(instance, node.index, 'down');
      door?.close();
      await containerd.cutPower();
    },
  };
}

/** A runtime whose pulls first ask for an image made on the spot. */
export function withSupply(runtime: Runtime, supplyImage: (reference: string) => Promise<boolean>): Runtime {
  return {
    ...runtime,
    async pullImage(reference, credentials) {
      const supplied = (await supplyImage(reference)) ? await runtime.imageStatus(reference) : undefined;
      return supplied?.id ?? runtime.pullImage(reference, credentials);
    },
  };
}

/** A CRI socket of the user's own: CRI-O, or a containerd that others use too. */
export async function openForeignRuntime(options: {
  dataDir: string;
  socket: string;
  node: { name: string; podRange: string };
}): Promise<NodeRuntime> {
  const runtime = createCriRuntime({ socket: options.socket });
  const directory = join(nodesDirectory(options.dataDir), options.node.name);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const importImage = async (): Promise<string[]> => {
    throw new BerthError('BadRequest', `images go into ${options.socket} by its own tools`);
  };
  const { name, podRange } = options.node;
  const cutPower = async (): Promise<void> => {
    throw new BerthError('BadRequest', `node ${name} runs on ${options.socket}, which is not Berth's to stop`);
  };
  return { name, directory, podRange, containerd: { runtime, importImage }, release: () => runtime.close(), cutPower };
}

async function provideSandboxImage({ runtime, importImage }: Containerd, directory: string): Promise<void> {
  if (await runtime.imageStatus(pauseReference)) return;
  const output = join(directory, 'pause.tar');
  await buildImage(pauseImage(process.arch === 'arm64' ? 'arm64' : 'amd64'), { output });
  await importImage(output);
  await rm(output);
}

/** Registers a node in the API and runs its pods. */
export function runNode(options: {
  node: NodeRuntime;
  instance: string;
  client: KubeClient;
  volumes: KubeClient;
  clusterDns: string;
  leaseSeconds: number;
  serving: NonNullable<NodeOptions['serving']>;
  housekeeping: NonNullable<NodeOptions['housekeeping']>;
  logger: Logger;
  signal: AbortSignal;
}): Promise<NodeAgent> {
  const { node, logger, ...rest } = options;
  const network = node.apart && {
    address: node.apart.address,
    dial: node.apart.door.dial,
    listen: node.apart.door.listen,
  };
  return startNode({
    ...rest,
    name: node.name,
    dataDir: node.directory,
    runtime: node.containerd.runtime,
    podCidr: node.podRange,
    ...(network ? { network } : {}),
    clusterDomain: 'cluster.local',
    logger: logger.child({ part: 'node', node: node.name }),
  });
}

/** Reaches each pod by the agent of its node. */
export function accessByNode(agentOf: (node: string) => Pick<NodeAgent, 'access'> | undefined): PodAccess {
  const of = (pod: Pod): PodAccess => {
    const agent = agentOf(pod.spec?.nodeName ?? '');
    if (agent) return agent.access;
    throw new BerthError('ServiceUnavailable', `node ${pod.spec?.nodeName} runs no containers that can be reached`);
  };
  return {
    logs: async (pod, options) => of(pod).logs(pod, options),
    exec: async (pod, command, options) => of(pod).exec(pod, command, options),
    attach: async (pod, options) => of(pod).attach(pod, options),
    portForward: async (pod, port) => of(pod).portForward(pod, port),
  };
}

/** What is known of nodes: by the agents of those that run containers, or by what pretends. */
export function nodeAccess(
  agentOf: (node: string) => Pick<NodeAgent, 'answer' | 'use' | 'podUse'> | undefined,
  simulated: readonly Pick<SimulatedNodes, 'answer' | 'nodeUse' | 'podUse'>[],
): NodeAccess {
  return {
    get(node, path) {
      const agent = agentOf(node);
      if (agent) return agent.answer(path);
      return simulated.map((group) => group.answer(node, path)).find((answer) => answer !== undefined);
    },
    nodeUse(names) {
      const real = names.flatMap((name) => {
        const use = agentOf(name)?.use();
        return use ? [[name, use] as const] : [];
      });
      return new Map([...simulated.flatMap((group) => [...group.nodeUse(names)]), ...real]);
    },
    podUse(pod) {
      const agent = agentOf(pod.spec?.nodeName ?? '');
      if (agent) return agent.podUse(pod.metadata.uid ?? '');
      for (const group of simulated) {
        const use = group.podUse(pod);
        if (use) return use;
      }
      return undefined;
    },
  };
}

/**
 * The agent of a node whose network is its own, as the API server reaches it: over that network, or not at all. In the words of Kubernetes'
 * API server; 10250 is where agents listen.
 */
export function reachedAt(address: string, access: PodAccess): PodAccess {
  const reach = async (): Promise<void> => {
    const failed = await connecting({ host: address, port: 10_250 });
    // Who refuses is there.
    if (failed === undefined || failed === 'ECONNREFUSED') return;
    const why =
      failed === 'EHOSTUNREACH' ? 'connect: no route to host' : failed === 'ETIMEDOUT' ? 'i/o timeout' : failed;
    throw new BerthError('InternalError', `error dialing backend: dial tcp ${address}:10250: ${why}`);
  };
  return {
    logs: (pod, options) => reach().then(() => access.logs(pod, options)),
    exec: (pod, command, options) => reach().then(() => access.exec(pod, command, options)),
    attach: (pod, options) => reach().then(() => access.attach(pod, options)),
    portForward: (pod, port) => reach().then(() => access.portForward(pod, port)),
  };
}

/** Undefined when a connection came about, else the error's code. */
function connecting(to: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ ...to, timeout: 10_000 });
    const end = (code?: string) => {
      socket.destroy();
      resolve(code);
    };
    socket.on('connect', () => end());
    socket.on('timeout', () => end('ETIMEDOUT'));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** Ends every container of every node of an instance, and their containerds. */
export async function removeNodes(options: { instance: string; dataDir: string; logger: Logger }): Promise<void> {
  const { instance, dataDir, logger } = options;
  const names = await readdir(nodesDirectory(dataDir)).catch(() => []);
  await Promise.all(
    names.map(async (name) => {
      // The next `up` switches every node on.
      await rm(join(nodesDirectory(dataDir), name, 'stopped'), { force: true });
      // After a reboot nothing of the node is left to end.
      if (!existsSync(join('/run', `berth-${instance}`, name))) return;
      const directory = join(nodesDirectory(dataDir), name);
      const cniConfig = join(dataDir, 'network', 'cni', name);
      const namespace = namespaceOf(instance, nodeIndex(name));
      const network = existsSync(namespace) ? { network: { namespace, address: '127.0.0.1' } } : {};
      const containerd = await startContainerd({ instance, node: name, directory, logger, cniConfig, ...network });
      await containerd.stop();
    }),
  );
  await rm(join('/run', `berth-${instance}`), { recursive: true, force: true });
}
