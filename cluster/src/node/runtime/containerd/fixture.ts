import { execFile } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { buildImage, busyboxImage, pauseImage } from '../../images/index.ts';
import { type Containerd, startContainerd, unmountBelow } from './index.ts';

const run = promisify(execFile);

/** A containerd for tests: a data directory and instance of its own, images of pause and BusyBox, a small network. */
export interface OwnContainerd extends AsyncDisposable {
  containerd: Containerd;
  directory: string;
  instance: string;
  /** Gives an image a second name. */
  tag(image: string, name: string): Promise<void>;
  /** The first process of a container or sandbox. */
  pid(id: string): Promise<number>;
  /** SIGKILL to that process, behind the runtime's back. */
  kill(id: string): Promise<void>;
  /** SIGKILL to containerd itself. */
  crash(): Promise<void>;
  /** Starts it once more on the same directory. */
  again(): Promise<Containerd>;
}

/** `diskBytes`: everything lies on a disk in memory of this size. */
export async function ownContainerd({
  diskBytes,
  ...plugins
}: {
  cniPlugins?: string;
  diskBytes?: number;
} = {}): Promise<OwnContainerd> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-node-'));
  if (diskBytes !== undefined) await run('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', directory]);
  const instance = randomBytes(3).toString('hex');
  const options = { instance, node: 'n0', directory, logger: pino({ level: 'silent' }), ...plugins };
  const containerd = await startContainerd(options);
  const dispose = async () => {
    await containerd.stop();
    await unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await writeFile(join(containerd.paths.cniConfig, '10-test.conflist'), network(instance));
    await importImages(containerd, directory);
  } catch (error) {
    await dispose();
    throw error;
  }
  const ctr = (...args: string[]) => run('ctr', ['-a', containerd.paths.socket, '-n', 'k8s.io', ...args]);
  const pid = async (id: string) => {
    const { stdout } = await ctr('task', 'ls');
    const found = Number(new RegExp(`^${id}\\s+(\\d+)`, 'm').exec(stdout)?.[1]);
    // 0 and what is no number would be a group of ours.
    if (!(found > 1)) throw new Error(`${id} has no process`);
    return found;
  };
  return {
    containerd,
    directory,
    instance,
    async tag(image, name) {
      await ctr('images', 'tag', image, name);
    },
    pid,
    async kill(id) {
      process.kill(await pid(id), 'SIGKILL');
    },
    async crash() {
      process.kill(JSON.parse(await readFile(containerd.paths.pid, 'utf8')).pid, 'SIGKILL');
    },
    again: () => startContainerd(options),
    [Symbol.asyncDispose]: dispose,
  };
}

async function importImages(containerd: Containerd, directory: string): Promise<void> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  for (const image of [pauseImage(architecture), await busyboxImage(architecture)]) {
    const file = join(directory, 'image.tar');
    await buildImage(image, { output: file });
    await containerd.importImage(file);
  }
}

/** Addresses from a /24 of 10.200/14 taken by chance, kept below the instance's own directory. */
function network(instance: string): string {
  const subnet = `10.${randomInt(200, 204)}.${randomInt(0, 256)}.0/24`;
  return JSON.stringify({
    cniVersion: '0.4.0',
    name: `berth-${instance}`,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: `/run/berth-${instance}/n0/ipam`,
          ranges: [[{ subnet }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}
