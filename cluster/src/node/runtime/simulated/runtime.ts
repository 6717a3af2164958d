import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import { channel } from '../channel.ts';
import type {
  ContainerConfig,
  ContainerStatus,
  ContainerSummary,
  ImageStatus,
  Runtime,
  RuntimeEvent,
  SandboxStatus,
} from '../types.ts';

/** How long each step takes, in milliseconds. */
export interface SimulatedDelays {
  sandbox: number;
  start: number;
  stop: number;
  pull: number;
}

export interface SimulatedOptions {
  delays?: Partial<SimulatedDelays>;
  /** When and how a started container ends by itself; undefined: never. Milliseconds. */
  program?(config: ContainerConfig): { endsAfter: number; exitCode: number } | undefined;
  /** Images that are there from the start; any other can be pulled. */
  images?: readonly string[];
  /** Addresses of sandboxes, by their number. */
  address?(index: number): string;
  now?(): number;
}

interface Sandbox {
  status: SandboxStatus;
}

interface Container {
  status: ContainerStatus;
  sandboxId: string;
  config: ContainerConfig;
  timer?: NodeJS.Timeout;
}

const standing: SimulatedDelays = { sandbox: 0, start: 0, stop: 0, pull: 0 };

/** The exit code of a process that SIGTERM or SIGKILL ended. */
const [terminated, killed] = [143, 137];

/**
 * A runtime without processes: sandboxes and containers go through the states of real ones, by delays that are data.
 * For tests of scale and for machines that cannot run containers. Commands and ports do not exist in it.
 */
export function createSimulatedRuntime(options: SimulatedOptions = {}): Runtime {
  const delays = { ...standing, ...options.delays };
  const now = options.now ?? Date.now;
  const address = options.address ?? ((index: number) => `198.18.${(index >> 8) & 255}.${index & 255}`);
  const sandboxes = new Map<string, Sandbox>();
  const containers = new Map<string, Container>();
  const images = new Map<string, ImageStatus>((options.images ?? []).map((name) => [name, imageOf(name)]));
  const listeners = new Set<(event: RuntimeEvent) => void>();
  let made = 0;

  const identity = () => (++made).toString(16).padStart(64, '0');
  const pause = (milliseconds: number) => (milliseconds > 0 ? delay(milliseconds) : Promise.resolve());
  const tell = (event: RuntimeEvent) => {
    for (const listener of listeners) listener(event);
  };
  const sandbox = (id: string) => found(sandboxes.get(id), 'sandbox', id);
  const container = (id: string) => found(containers.get(id), 'container', id);
  const end = (entry: Container, exitCode: number) => {
    clearTimeout(entry.timer);
    if (entry.status.state === 'exited') return;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    entry.status = { ...entry.status, state: 'exited', finishedAt: now(), exitCode, reason };
    tell({ type: 'ended', id: entry.status.id });
  };
  const matching = (labels: Record<string, string>, wanted: Record<string, string> | undefined) =>
    Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
  const without = () => new BerthError('BadRequest', 'a simulated container has no processes and no ports');

  return {
    name: 'simulated',
    version: async () => ({ name: 'simulated', version: '1.0.0' }),
    conditions: async () => [
      { type: 'RuntimeReady', status: true, reason: '', message: '' },
      { type: 'NetworkReady', status: true, reason: '', message: '' },
    ],

    async runSandbox(config) {
      await pause(delays.sandbox);
      const id = identity();
      const ips = config.namespaces.network === 'node' ? [] : [address(made)];
      const { metadata, labels, annotations } = config;
      sandboxes.set(id, { status: { id, metadata, ready: true, createdAt: now(), ips, labels, annotations } });
      return id;
    },
    async stopSandbox(id) {
      const entry = sandboxes.get(id);
      if (!entry) return;
      for (const inside of containers.values()) if (inside.sandboxId === id) end(inside, killed);
      if (!entry.status.ready) return;
      entry.status = { ...entry.status, ready: false };
      tell({ type: 'ended', id });
    },
    async removeSandbox(id) {
      if (!sandboxes.delete(id)) return;
      for (const [key, inside] of containers) {
        if (inside.sandboxId !== id) continue;
        clearTimeout(inside.timer);
        containers.delete(key);
      }
      tell({ type: 'removed', id });
    },
    sandboxStatus: async (id) => ({ ...sandbox(id).status }),
    async listSandboxes(filter = {}) {
      return [...sandboxes.values()]
        .map(({ status }) => status)
        .filter(({ labels }) => matching(labels, filter.labels));
    },

    async createContainer(sandboxId, config, of) {
      sandbox(sandboxId);
      if (!images.has(config.image) && ![...images.values()].some((image) => image.id === config.image)) {
        throw new BerthError('NotFound', `the image ${config.image} is not there`);
      }
      const id = identity();
      const status: ContainerStatus = {
        id,
        name: config.name,
        attempt: config.attempt,
        state: 'created',
        createdAt: now(),
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
        image: config.userImage,
        imageRef: config.image,
        logPath: `${of.logDirectory}/${config.logPath}`,
        labels: config.labels,
        annotations: config.annotations,
        resources: config.resources,
      };
      containers.set(id, { status, sandboxId, config });
      return id;
    },
    async startContainer(id) {
      await pause(delays.start);
      const entry = container(id);
      if (entry.status.state !== 'created') throw new BerthError('Conflict', `container ${id} was started before`);
      entry.status = { ...entry.status, state: 'running', startedAt: now() };
      tell({ type: 'started', id });
      const program = options.program?.(entry.config);
      if (program) entry.timer = setTimeout(() => end(entry, program.exitCode), program.endsAfter);
    },
    async stopContainer(id, graceSeconds) {
      if (containers.get(id)?.status.state === 'running') await pause(delays.stop);
      const entry = containers.get(id);
      if (entry) end(entry, graceSeconds > 0 ? terminated : killed);
    },
    async removeContainer(id) {
      clearTimeout(containers.get(id)?.timer);
      if (containers.delete(id)) tell({ type: 'removed', id });
    },
    containerStatus: async (id) => ({ ...container(id).status }),
    async listContainers(filter = {}) {
      return [...containers.values()]
        .filter(({ sandboxId }) => filter.sandboxId === undefined || filter.sandboxId === sandboxId)
        .map(({ status, sandboxId, config }): ContainerSummary => {
          const { id, name, attempt, state, createdAt, labels, annotations } = status;
          const imageId = images.get(config.image)?.id ?? config.image;
          return { id, sandboxId, name, attempt, imageId, state, createdAt, labels, annotations };
        })
        .filter(({ labels }) => matching(labels, filter.labels));
    },
    async updateResources(id, resources) {
      const entry = container(id);
      entry.status = { ...entry.status, resources: { ...entry.status.resources, ...resources } };
    },
    reopenLog: async () => {},

    // A probe that runs a command finds a healthy container.
    execSync: async () => ({ stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), exitCode: 0 }),
    exec: () => Promise.reject(without()),
    attach: () => Promise.reject(without()),
    portForward: () => Promise.reject(without()),

    async *events(signal) {
      const out = channel<RuntimeEvent>();
      listeners.add(out.push);
      const close = () => out.end();
      signal.addEventListener('abort', close, { once: true });
      try {
        yield { type: 'resync' };
        yield* out;
      } finally {
        signal.removeEventListener('abort', close);
        listeners.delete(out.push);
      }
    },
    async stats(filter = {}) {
      return [...containers.values()]
        .map(({ status }) => status)
        .filter(({ state, labels }) => state === 'running' && matching(labels, filter.labels))
        .map(({ id, labels, startedAt }) => ({
          id,
          labels,
          at: now(),
          // A hundredth of a processor and a few megabytes: something to draw.
          cpuNanoseconds: (now() - startedAt) * 10_000,
          workingSetBytes: 8 << 20,
          writableLayerBytes: 0,
          writableLayerInodes: 0,
        }));
    },

    listImages: async () => [...images.values()],
    imageStatus: async (image) => images.get(image) ?? [...images.values()].find(({ id }) => id === image),
    async pullImage(image) {
      await pause(delays.pull);
      const pulled = imageOf(image);
      images.set(image, pulled);
      return pulled.id;
    },
    async removeImage(image) {
      for (const [name, { id }] of images) if (name === image || id === image) images.delete(name);
    },
    imageFilesystem: async () => undefined,
    close() {
      for (const { timer } of containers.values()) clearTimeout(timer);
    },
  };
}

function found<T>(entry: T | undefined, kind: string, id: string): T {
  if (entry === undefined) throw new BerthError('NotFound', `there is no ${kind} ${id}`);
  return entry;
}

const imageOf = (name: string): ImageStatus => ({ id: `simulated:${name}`, tags: [name], digests: [], size: 1 << 20 });
