import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '@berth/cluster';
import {
  type Architecture,
  buildImage,
  type ImageDescription,
  type ImageEntry,
  nodeRootfs,
} from '@berth/cluster/images';
import { shopImage } from '@berth/example-shop/image';
import type { KubeClient } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { type KubeObject, resources, type Service } from '@berth/kube/objects';
import { createAbsent, readManifests } from './manifests.ts';
import type { Progress } from './progress.ts';

const manifests = fileURLToPath(new URL('../../examples/shop', import.meta.url));
const namespace = 'shop';
const patience = 180_000;

export interface SampleOptions {
  cluster: Cluster;
  dataDir: string;
  /** Pods only pretend: no image is needed, and there is no address to answer. */
  simulated: boolean;
  progress: Progress;
}

/** Runs the sample shop unless it is there already; answers its address once all of it is available. */
export async function deploySample({
  cluster,
  dataDir,
  simulated,
  progress,
}: SampleOptions): Promise<string | undefined> {
  if (!simulated) await provideImage(cluster, dataDir, progress);
  const objects = await withFreePorts(readManifests(manifests));
  await progress.step('applied the sample shop', () => createAbsent(cluster.client, objects));
  await progress.step('the shop is running', () => untilAvailable(cluster.client));
  return simulated ? undefined : addressOf(cluster.client);
}

/** Assembles the shop's image from this machine's Node and imports it; once for the same content. */
async function provideImage(cluster: Cluster, dataDir: string, progress: Progress): Promise<void> {
  const image = await describe();
  const folder = join(dataDir, 'images');
  const imported = join(folder, `shop-${fingerprint(image)}`);
  if (existsSync(imported)) return;
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'shop.tar');
  await progress.step("assembled the shop's image", () => buildImage(image, { output: archive }));
  await progress.step("imported the shop's image", () => cluster.importImage(archive));
  rmSync(archive);
  writeFileSync(imported, '');
}

/**
 * Makes the shop's image when a pod asks for it and it is not there, so that its manifests can be applied by hand as well;
 * once, however many pods ask at the same time.
 */
export function suppliesShop(
  dataDir: string,
): (reference: string, importImage: (file: string) => Promise<void>) => Promise<boolean> {
  let underWay: Promise<void> | undefined;
  return async (reference, importImage) => {
    if (reference !== shopImage().reference) return false;
    underWay ??= supply(dataDir, importImage).finally(() => {
      underWay = undefined;
    });
    await underWay;
    return true;
  };
}

async function supply(dataDir: string, importImage: (file: string) => Promise<void>): Promise<void> {
  const folder = join(dataDir, 'images');
  mkdirSync(folder, { recursive: true });
  const archive = join(folder, 'shop-asked-for.tar');
  try {
    await buildImage(await describe(), { output: archive });
    await importImage(archive);
  } finally {
    rmSync(archive, { force: true });
  }
}

async function describe(): Promise<ImageDescription> {
  const { reference, files, config } = shopImage();
  const entries = files.map(({ path, source }): ImageEntry => ({ type: 'file', path, content: { source } }));
  const architecture: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  // Two layers: Node is large and seldom changes, the shop is small and does.
  return { reference, architecture, layers: [await nodeRootfs(), entries], config };
}

/** Changes whenever a file that goes into the image does. */
function fingerprint(image: ImageDescription): string {
  const hash = createHash('sha256').update(JSON.stringify(image));
  for (const entry of image.layers.flat()) {
    if (entry.type !== 'file' || typeof entry.content !== 'object' || !('source' in entry.content)) continue;
    const { size, mtimeMs } = statSync(entry.content.source);
    hash.update(`${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** A node port that somebody on this machine has already (another instance's shop) is left to the API to choose. */
async function withFreePorts(objects: KubeObject[]): Promise<KubeObject[]> {
  const services = objects.filter(({ kind }) => kind === 'Service') as Service[];
  for (const port of services.flatMap(({ spec }) => spec?.ports ?? [])) {
    if (port.nodePort !== undefined && (await answers(port.nodePort))) delete port.nodePort;
  }
  return objects;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
    socket.setTimeout(1000, () => done(false));
  });
}

async function untilAvailable(client: KubeClient): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const { items } = await client.list(resources.deployments, { namespace });
    const waiting = items.filter(({ spec, status }) => (status?.availableReplicas ?? 0) < (spec?.replicas ?? 1));
    if (items.length > 0 && waiting.length === 0) return;
    if (Date.now() > deadline) {
      const names = waiting.map(({ metadata }) => metadata.name).join(', ');
      throw new BerthError(
        'Timeout',
        `not available after ${patience / 1000} s: ${names}; see "npx berth kubectl -n ${namespace} get events"`,
      );
    }
    await delay(200);
  }
}

/** Where a browser on this machine finds the storefront. */
async function addressOf(client: KubeClient): Promise<string | undefined> {
  const service = await client.get(resources.services, { namespace, name: 'storefront' });
  const port = service.spec?.ports?.find(({ nodePort }) => nodePort !== undefined)?.nodePort;
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}
