import { randomBytes, randomInt } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { buildImage, busyboxImage, pauseImage } from '../../images/index.ts';
import { type Containerd, startContainerd } from './index.ts';

/** A containerd for tests: a data directory and instance of its own, images of pause and BusyBox, a small network. */
export interface OwnContainerd extends AsyncDisposable {
  containerd: Containerd;
  directory: string;
  instance: string;
  /** Starts it once more on the same directory. */
  again(): Promise<Containerd>;
}

export async function ownContainerd(): Promise<OwnContainerd> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-node-'));
  const instance = randomBytes(3).toString('hex');
  const options = { instance, node: 'n0', directory, logger: pino({ level: 'silent' }) };
  const containerd = await startContainerd(options);
  const dispose = async () => {
    await containerd.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await writeFile(join(containerd.paths.cniConfig, '10-test.conflist'), network(instance));
    await importImages(containerd, directory);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { containerd, directory, instance, again: () => startContainerd(options), [Symbol.asyncDispose]: dispose };
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
