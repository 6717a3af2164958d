import { isBerthError } from '@berth/kube/errors';
import type { Runtime, RuntimeCondition, StreamOptions } from '../types.ts';
import { connect } from './connection.ts';
import {
  containerOf,
  containerStatusOf,
  imageOf,
  sandboxOf,
  sandboxStatusOf,
  statsOf,
  wireContainerConfig,
  wireResources,
  wireSandboxConfig,
} from './convert.ts';
import { runtimeEvents } from './events.ts';
import { openPort } from './streaming/port-forward.ts';
import { openProcess } from './streaming/process.ts';
import type {
  WireCondition,
  WireContainer,
  WireContainerStatus,
  WireFilesystem,
  WireImage,
  WireSandbox,
  WireSandboxStatus,
  WireStats,
} from './wire.ts';

const runtimeService = 'runtime.v1.RuntimeService';
const imageService = 'runtime.v1.ImageService';

/** A grace period bounds the runtime's work; the call itself gets this much more. */
const marginMs = 30_000;
const pullDeadlineMs = 30 * 60_000;

/** The CRI v1 runtime (containerd, CRI-O) behind a unix socket. Nothing is sent until the first call. */
export function createCriRuntime(options: { socket: string; name?: string }): Runtime {
  const connection = connect(options.socket);
  const call = <T>(method: string, request: object, deadlineMs?: number) =>
    connection.call<T>(runtimeService, method, request, deadlineMs === undefined ? {} : { deadlineMs });
  const image = <T>(method: string, request: object, deadlineMs?: number) =>
    connection.call<T>(imageService, method, request, deadlineMs === undefined ? {} : { deadlineMs });
  const gone = async (work: Promise<unknown>) => {
    try {
      await work;
    } catch (error) {
      if (!isBerthError(error, 'NotFound')) throw error;
    }
  };

  const runtime: Runtime = {
    name: options.name ?? 'containerd',

    async version() {
      const answer = await call<{ runtimeName: string; runtimeVersion: string }>('Version', { version: 'v1' });
      return { name: answer.runtimeName, version: answer.runtimeVersion };
    },
    async conditions() {
      const answer = await call<{ status: { conditions: WireCondition[] } | null }>('Status', {});
      return (answer.status?.conditions ?? []) as RuntimeCondition[];
    },

    async runSandbox(config) {
      const request = { config: wireSandboxConfig(config), runtimeHandler: config.runtimeHandler ?? '' };
      const answer = await call<{ podSandboxId: string }>('RunPodSandbox', request);
      return answer.podSandboxId;
    },
    stopSandbox: (id) => gone(call('StopPodSandbox', { podSandboxId: id })),
    removeSandbox: (id) => gone(call('RemovePodSandbox', { podSandboxId: id })),
    async sandboxStatus(id) {
      const answer = await call<{ status: WireSandboxStatus }>('PodSandboxStatus', { podSandboxId: id });
      return sandboxStatusOf(answer.status);
    },
    async listSandboxes(filter = {}) {
      const request = { filter: { labelSelector: filter.labels ?? {} } };
      return (await call<{ items: WireSandbox[] }>('ListPodSandbox', request)).items.map(sandboxOf);
    },

    async createContainer(sandboxId, config, sandbox) {
      const request = {
        podSandboxId: sandboxId,
        config: wireContainerConfig(config),
        sandboxConfig: wireSandboxConfig(sandbox),
      };
      return (await call<{ containerId: string }>('CreateContainer', request)).containerId;
    },
    startContainer: (id) => call('StartContainer', { containerId: id }),
    stopContainer: (id, graceSeconds) =>
      gone(call('StopContainer', { containerId: id, timeout: graceSeconds }, graceSeconds * 1000 + marginMs)),
    removeContainer: (id) => gone(call('RemoveContainer', { containerId: id })),
    async containerStatus(id) {
      const answer = await call<{ status: WireContainerStatus }>('ContainerStatus', { containerId: id });
      return containerStatusOf(answer.status);
    },
    async listContainers(filter = {}) {
      const request = { filter: { labelSelector: filter.labels ?? {}, podSandboxId: filter.sandboxId ?? '' } };
      return (await call<{ containers: WireContainer[] }>('ListContainers', request)).containers.map(containerOf);
    },
    updateResources: (id, resources) =>
      call('UpdateContainerResources', { containerId: id, linux: wireResources(resources) }),
    reopenLog: (id) => call('ReopenContainerLog', { containerId: id }),

    execSync: (id, command, timeoutSeconds) =>
      call(
        'ExecSync',
        { containerId: id, cmd: command, timeout: Math.ceil(timeoutSeconds) },
        timeoutSeconds * 1000 + marginMs,
      ),
    async exec(id, command, stream) {
      const request = { containerId: id, cmd: command, ...requested(stream) };
      return openProcess((await call<{ url: string }>('Exec', request)).url, stream);
    },
    async attach(id, stream) {
      const request = { containerId: id, ...requested(stream) };
      return openProcess((await call<{ url: string }>('Attach', request)).url, stream);
    },
    async portForward(sandboxId, port) {
      const request = { podSandboxId: sandboxId, port: [port] };
      return openPort((await call<{ url: string }>('PortForward', request)).url, port);
    },

    events: (signal) => runtimeEvents(connection, hasEnded, signal),
    async stats(filter = {}) {
      const request = { filter: { labelSelector: filter.labels ?? {} } };
      return (await call<{ stats: WireStats[] }>('ListContainerStats', request)).stats.map(statsOf);
    },

    async listImages() {
      return (await image<{ images: WireImage[] }>('ListImages', {})).images.map(imageOf);
    },
    async imageStatus(reference) {
      const answer = await image<{ image: WireImage | null }>('ImageStatus', { image: { image: reference } });
      return answer.image ? imageOf(answer.image) : undefined;
    },
    async pullImage(reference, auth) {
      const request = auth ? { image: { image: reference }, auth } : { image: { image: reference } };
      return (await image<{ imageRef: string }>('PullImage', request, pullDeadlineMs)).imageRef;
    },
    async imageFilesystem() {
      const answer = await image<{ imageFilesystems: WireFilesystem[] }>('ImageFsInfo', {});
      return answer.imageFilesystems[0]?.fsId?.mountpoint;
    },
    removeImage: (reference) => gone(image('RemoveImage', { image: { image: reference } })),

    close: () => connection.close(),
  };

  async function hasEnded(id: string): Promise<boolean> {
    try {
      return (await runtime.containerStatus(id)).state === 'exited';
    } catch (error) {
      if (!isBerthError(error, 'NotFound')) throw error;
    }
    try {
      return !(await runtime.sandboxStatus(id)).ready;
    } catch (error) {
      if (isBerthError(error, 'NotFound')) return true;
      throw error;
    }
  }

  return runtime;
}

/** A terminal has one output: CRI refuses `stderr` beside it. */
const requested = (stream: StreamOptions) => ({ ...stream, stderr: stream.stderr && !stream.tty });
