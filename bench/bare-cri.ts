import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { instanceOf } from '@berth/cluster/network';
import { type ContainerConfig, createCriRuntime, type SandboxConfig } from '@berth/cluster/runtime';

export interface BareOptions {
  /** Of a Berth that runs: its first node's containerd is used. */
  dataDir: string;
  /** A name that this containerd has. */
  image: string;
  count: number;
}

/**
 * What no pod can be faster than: RunPodSandbox, CreateContainer and StartContainer, one pod after the other, with the
 * configuration that a pod without wishes has. Milliseconds each. Removes what it made.
 */
export async function bareCalls({ dataDir, image, count }: BareOptions): Promise<number[]> {
  const instance = await instanceOf(dataDir);
  const runtime = createCriRuntime({ socket: `/run/berth-${instance}/node-1/containerd.sock` });
  const logDirectory = await mkdtemp(join(dataDir, 'bench-logs-'));
  const times: number[] = [];
  try {
    const found = await runtime.imageStatus(image);
    if (!found) throw new Error(`the node does not have the image ${image}`);
    const config = containerConfig(found.id, image);
    for (let i = 0; i < count; i += 1) {
      const sandbox = sandboxConfig(`bare-${i}`, instance, logDirectory);
      const started = performance.now();
      const id = await runtime.runSandbox(sandbox);
      const container = await runtime.createContainer(id, config, sandbox);
      await runtime.startContainer(container);
      times.push(performance.now() - started);
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    }
  } finally {
    runtime.close();
    await rm(logDirectory, { recursive: true, force: true });
  }
  return times;
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
