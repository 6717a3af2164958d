import { execFile } from 'node:child_process';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import { createCriRuntime } from '../cri/index.ts';
import { persist } from '../persist.ts';
import type { Runtime } from '../types.ts';
import { type ContainerdPaths, containerdConfig, mayLowerOomScore, snapshotterFor } from './config.ts';
import { isInNetwork } from './network-namespace.ts';
import {
  childrenOf,
  endProcess,
  forget,
  isAlive,
  type ProcessIdentity,
  processesWith,
  recordedProcess,
  startDetached,
  untilListening,
} from './process.ts';
import { removeCgroup, unmountBelow } from './remains.ts';
import { findBinary, requireContainerd } from './requirements.ts';

export { cgroupDirectories, removeCgroup, unmountBelow } from './remains.ts';
export { requireContainerd } from './requirements.ts';

const run = promisify(execFile);

export interface ContainerdOptions {
  /** Six hexadecimal characters of the installation. */
  instance: string;
  /** The node's name: each has a containerd of its own. */
  node: string;
  /** The node's directory under the data directory. */
  directory: string;
  logger: Logger;
  sandboxImage?: string;
  /** Directory of the pod network's CNI configuration; one below `directory` by default. */
  cniConfig?: string;
  /** Directory of the registries' settings; one below `directory` by default. */
  registries?: string;
  /** Where CNI plugins are; Debian's place by default. */
  cniPlugins?: string;
  /** The file of the network namespace to run in, and the address there at which streams (exec, attach) are served. */
  network?: { namespace: string; address: string };
}

export interface Containerd {
  paths: ContainerdPaths;
  runtime: Runtime;
  /** Whether one that ran already was taken over. */
  adopted: boolean;
  /** Imports an OCI or Docker archive; answers the names it brought once pods can use them. */
  importImage(file: string): Promise<string[]>;
  /** Ends the watch over the process, which goes on. */
  release(): void;
  /**
   * Ends every sandbox (their networks are given back), then containerd, and removes mounts, cgroups and sockets. As after a machine's reboot
   * the next start knows how containers ended, and has their logs.
   */
  stop(): Promise<void>;
  /** Kills containerd and every container at once, as a machine whose power is cut; what is on its disk stays. */
  cutPower(): Promise<void>;
}

type Place = Pick<ContainerdOptions, 'instance' | 'node' | 'directory' | 'cniConfig' | 'registries'>;

export function containerdPaths(options: Place): ContainerdPaths {
  const run = join('/run', `berth-${options.instance}`, options.node);
  const directory = join(options.directory, 'containerd');
  return {
    root: join(directory, 'root'),
    state: join(run, 'state'),
    socket: join(run, 'containerd.sock'),
    config: join(directory, 'config.toml'),
    log: join(directory, 'containerd.log'),
    pid: join(directory, 'containerd.pid'),
    cniConfig: options.cniConfig ?? join(directory, 'cni'),
    registries: options.registries ?? join(directory, 'registries'),
  };
}

/**
 * Takes over the node's containerd when it runs (in the network that it shall have), else starts it; watches it, and starts it again when
 * it dies.
 */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { logger } = options;
  const paths = containerdPaths(options);
  const cniPlugins = options.cniPlugins ?? '/usr/lib/cni';
  const searchPath = process.env.PATH ?? '';
  await requireContainerd({ path: searchPath, cniPlugins, uid: process.getuid?.() ?? -1 });
  for (const directory of [paths.root, paths.state, paths.cniConfig, paths.registries]) {
    await mkdir(directory, { recursive: true, mode: 0o711 });
  }
  const binary = (await findBinary('containerd', searchPath)) ?? 'containerd';
  const ctr = (await findBinary('ctr', searchPath)) ?? 'ctr';

  const launch = async (): Promise<ProcessIdentity> => {
    const config = containerdConfig({
      paths,
      cniPlugins,
      sandboxImage: options.sandboxImage ?? 'berth.local/pause:1',
      snapshotter: await snapshotterFor(paths.root),
      restrictOomScoreAdj: !(await mayLowerOomScore()),
      streamAddress: options.network?.address ?? '127.0.0.1',
    });
    await writeFile(paths.config, config);
    await rm(paths.socket, { force: true });
    const own = ['--config', paths.config];
    // `ip netns exec` would mount a /sys in which runc finds no cgroups.
    const program = options.network
      ? { command: 'nsenter', args: [`--net=${options.network.namespace}`, '--', binary, ...own] }
      : { command: binary, args: own };
    const started = await startDetached({ ...program, log: paths.log, pidFile: paths.pid });
    await untilListening(paths.socket, started, 20_000, paths.log);
    return started;
  };

  const recorded = await recordedProcess(paths.pid);
  const running = recorded && (await isInNetwork(recorded, options.network?.namespace)) ? recorded : undefined;
  // The node's network was made anew, or the node got one of its own: its containers are in what is no more.
  if (recorded && !running) await endContainerd(options, 0);
  if (running) await untilListening(paths.socket, running, 10_000, paths.log);
  let current = running ?? (await launch());
  const runtime = createCriRuntime({ socket: paths.socket });
  await untilRecovered(runtime).catch((cause) => {
    runtime.close();
    throw new BerthError(
      'ServiceUnavailable',
      `containerd runs, but its CRI plugin does not answer (${cause.message}); see ${paths.log}`,
      { cause },
    );
  });
  const over = new AbortController();
  const watching = watch();

  async function watch(): Promise<void> {
    for (;;) {
      await delay(1000, undefined, { signal: over.signal, ref: false }).catch(() => undefined);
      if (over.signal.aborted) return;
      if (await isAlive(current)) continue;
      logger.warn({ node: options.node }, 'containerd ended and is started again');
      try {
        current = await launch();
      } catch (error) {
        logger.error({ err: error, node: options.node }, 'containerd does not start');
      }
    }
  }

  const containerd: Containerd = {
    paths,
    runtime,
    adopted: running !== undefined,
    async importImage(file) {
      const { stdout } = await run(ctr, ['-a', paths.socket, '-n', 'k8s.io', 'images', 'import', file]).catch(
        (cause) => {
          const why = String((cause as { stderr?: string }).stderr || cause).trim();
          throw new BerthError('BadRequest', `${file} could not be imported: ${why}`, { cause });
        },
      );
      const names = [...stdout.matchAll(/^unpacking (\S+) /gm)].map((match) => match[1] as string);
      await Promise.all(names.map((name) => untilKnown(runtime, name)));
      return names;
    },
    release() {
      over.abort();
      runtime.close();
    },
    async stop() {
      over.abort();
      await watching;
      const sandboxes = await runtime.listSandboxes();
      await Promise.all(
        sandboxes.map(({ id }) =>
          // An agent that was killed may have left a removal under way, which this one then meets.
          persist(
            () => runtime.stopSandbox(id),
            AbortSignal.timeout(20_000),
            (error) => logger.debug({ err: error, id }, 'a sandbox could not be stopped yet'),
          ),
        ),
      );
      runtime.close();
      await endContainerd(options, 10_000);
      await removeCgroup(`berth-${options.instance}`);
    },
    async cutPower() {
      over.abort();
      await watching;
      runtime.close();
      await endContainerd(options, 0);
    },
  };
  return containerd;
}

/** After the loss of a machine's power CRI first looks at what was there; it says so, and may take a moment. */
async function untilRecovered(runtime: Runtime): Promise<void> {
  for (const deadline = Date.now() + 60_000; ; await delay(20)) {
    try {
      await runtime.version();
      return;
    } catch (error) {
      const recovers = error instanceof Error && error.message.includes('not initialized');
      if (!recovers || Date.now() > deadline) throw error;
    }
  }
}

/** What CRI lists follows containerd's image store by events, a moment later. */
async function untilKnown(runtime: Runtime, name: string): Promise<void> {
  for (let pause = 5; pause < 5000; pause *= 2) {
    if (await runtime.imageStatus(name)) return;
    await delay(pause);
  }
  throw new BerthError('Timeout', `the image ${name} was imported, but the runtime does not list it`);
}

/**
 * Ends a node's containerd, whoever started it, with what it leaves: shims, their containers, mounts, the sockets' directory. Without
 * a grace nobody gets to say a word.
 */
async function endContainerd(options: Place, graceMs: number): Promise<void> {
  const paths = containerdPaths(options);
  const running = await recordedProcess(paths.pid);
  if (running) await endProcess(running, graceMs);
  const shims = await processesWith(['-address', paths.socket]);
  // A shim that ends leaves its containers behind, as nobody's.
  const containers = await childrenOf(new Set(shims.map(({ pid }) => pid)));
  await Promise.all(shims.map((shim) => endProcess(shim, Math.min(graceMs, 2000))));
  await Promise.all(containers.map((container) => endProcess(container, 0)));
  await unmountBelow(paths.state);
  // Snapshots, and the pods' volumes in memory.
  await unmountBelow(options.directory);
  const runtimeDirectory = join('/run', `berth-${options.instance}`);
  await rm(join(runtimeDirectory, options.node), { recursive: true, force: true });
  // Another node of the instance may still have its own in there.
  await rmdir(runtimeDirectory).catch(() => undefined);
  await forget(paths.pid);
}
