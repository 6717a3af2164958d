import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ContainerSummary, ImageStatus } from '../runtime/types.ts';
import { createImageGarbage } from './images.ts';

interface Case {
  images:
    | null
    | { id: string; size: number; pinned?: boolean; inUse?: boolean; firstSeen?: number; lastUsed?: number }[];
  capacity: number;
  available: number;
  high: number;
  low: number;
  minAge: number;
  all?: boolean;
  removed: string[];
  error?: string;
  events?: string[];
}

const cases: Case[] = JSON.parse(
  gunzipSync(await readFile(new URL('./golden/collections.json.gz', import.meta.url))).toString(),
);

const end = 1_000_000_000_000;
const statusOf = ({ id, size, pinned = false }: { id: string; size: number; pinned?: boolean }): ImageStatus => {
  return { id, tags: [], digests: [], size, pinned };
};
const containerOf = (imageId: string): ContainerSummary => {
  const container = { id: imageId, sandboxId: '', name: '', attempt: 0, state: 'exited', createdAt: 0 } as const;
  return { ...container, imageId, labels: {}, annotations: {} };
};

/** Lives through the case's past, image by image as they came and were used, and then collects. */
async function collected({
  images,
  capacity,
  available,
  ...one
}: Case): Promise<Pick<Case, 'removed' | 'error' | 'events'>> {
  let now = 0;
  let present: ImageStatus[] = [];
  let containers: ContainerSummary[] = [];
  const [removed, events]: [string[], string[]] = [[], []];
  const garbage = createImageGarbage({
    runtime: {
      listImages: async () => present,
      listContainers: async () => containers,
      removeImage: async (id) => void removed.push(id),
    },
    settings: { highThreshold: one.high, lowThreshold: one.low, minimumAge: one.minAge * 1000 },
    filesystem: async () => {
      return { capacityBytes: capacity, availableBytes: available, usedBytes: 0, inodes: 0, inodesFree: 0 };
    },
    needed: [],
    warn: (reason, message) => events.push(`Warning ${reason} ${message}`),
    now: () => now,
  });
  const all = images ?? [];
  const past = all.flatMap(({ id, firstSeen, lastUsed }) => [
    ...(firstSeen === undefined ? [] : [{ at: end - firstSeen * 1000, id, used: false }]),
    ...(lastUsed === undefined ? [] : [{ at: end - lastUsed * 1000, id, used: true }]),
  ]);
  for (const { at, id, used } of past.toSorted((a, b) => a.at - b.at)) {
    const image = all.find((found) => found.id === id);
    if (!used && image) present = [...present, statusOf(image)];
    containers = used ? [containerOf(id)] : [];
    now = at;
    await garbage.look();
  }
  now = end;
  present = all.map(statusOf);
  containers = all.filter(({ inUse }) => inUse).map(({ id }) => containerOf(id));
  let error: string | undefined;
  await (one.all ? garbage.removeUnused() : garbage.collect()).catch((failure) => {
    error = failure.message;
  });
  return { removed, events, ...(error === undefined ? {} : { error }) };
}

test(`of ${cases.length} stores of images the same ones go as kubelet removes`, async () => {
  for (const [index, one] of cases.entries()) {
    const { removed, error, events = [] } = one;
    expect(await collected(one), `case ${index}`).toEqual({
      removed,
      events,
      ...(error === undefined ? {} : { error }),
    });
  }
});
