import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { instanceOf } from '@berth/cluster/network';
import { type ContainerConfig, createCriRuntime, type SandboxConfig } from '@berth/cluster/runtime';

/** A runtime of Berth's, spoken to without Berth. */
export interface BareRuntime extends AsyncDisposable {
  /** RunPodSandbox, CreateContainer and StartContainer for a pod without wishes, in milliseconds; then removes what it made. */
  startPod(): Promise<number>;
  /** Resolves when no sandbox is left, whoever made it. */
  empty(): Promise<void>;
}

/** The containerd of the first node of a Berth that runs on `dataDir`. `image` is a name that this containerd has. */
export async function openBareRuntime({ dataDir, image }: { dataDir: string; image: string }): Promise<BareRuntime> {
  const instance = await instanceOf(dataDir);
  const runtime = createCriRuntime({ socket: `/run/berth-${instance}/node-1/containerd.sock` });
  const logDirectory = await mkdtemp(join(dataDir, 'bench-logs-'));
  let pods = 0;
  return {
    async startPod() {
      const config = containerConfig((await runtime.imageStatus(image))?.id ?? image, image);
      const sandbox = sandboxConfig(`bare-${pods++}`, instance, logDirectory);
      const started = performance.now();
      const id = await runtime.runSandbox(sandbox);
      const container = await runtime.createContainer(id, config, sandbox);
      await runtime.startContainer(container);
      const milliseconds = performance.now() - started;
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
      return milliseconds;
    },
    async empty() {
      while ((await runtime.listSandboxes()).length > 0) await delay(20);
    },
    async [Symbol.asyncDispose]() {
      runtime.close();
      await rm(logDirectory, { recursive: true, force: true });
    },
  };
}

const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;

function sandboxConfig(name: string, instance: string, logDirectory: string): SandboxConfig {
  const uid = crypto.randomUUID();
  return {
    metadata: { name, namespace: 'bench', uid, attempt: 0 },
    hostname: name,
    logDirectory,
    portMappings: [],
    // Without the labels of a pod: Berth's own node must not take it for one that is left over.
    labels: { app: 'bench' },
    annotations: {},
    cgroupParent: `/berth-${instance}/bench-${uid}`,
    sysctls: {},
    namespaces,
    privileged: false,
    supplementalGroups: [],
    seccomp: { type: 'RuntimeDefault' },
  };
}

function containerConfig(id: string, image: string): ContainerConfig {
  return {
    name: 'c',
    attempt: 0,
    image: id,
    userImage: image,
    command: [],
    args: [],
    workingDir: '',
    environment: [],
    mounts: [],
    labels: {},
    annotations: {},
    logPath: 'c.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      privileged: false,
      readonlyRootfs: false,
      noNewPrivileges: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      maskedPaths: [],
      readonlyPaths: [],
      namespaces,
    },
  };
}
