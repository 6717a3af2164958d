import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLmdbStore, type Store } from '@berth/cluster/store';
import { percentile, type Row, type Suite } from './row.ts';

/** About what a pod with a status is, in bytes of JSON. */
const podSize = 2000;
const command = 'node bench/store.ts';

/** The store by itself, without an API server in front of it. */
export const store: Suite = { name: 'store', measure: measureStore };

/**
 * Measures the LMDB store in a temporary directory (TMPDIR chooses the disk): durable commits, lists, watch fan-out, start-up;
 * and what one `fdatasync` costs there, since no durable commit can be faster. Takes a few seconds.
 */
export async function measureStore(): Promise<Row[]> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-bench-store-'));
  const rows: Row[] = [];
  const add = (name: string, value: number, unit: string) => rows.push({ name, value, unit, command });
  try {
    add('store: fdatasync of 4 KiB', syncMilliseconds(join(directory, 'sync')), 'ms');
    let opened = await openLmdbStore({ directory: join(directory, 'store') });
    add('store: durable commits, 1 writer', await commitsPerSecond(opened, 1, 1500), 'per s');
    add('store: durable commits, 64 writers', await commitsPerSecond(opened, 64, 2000), 'per s');
    await fill(opened, 10_000);
    add(
      'store: list of 10,000 pods',
      median(40, () => opened.list({ prefix: '/pods/' })),
      'ms',
    );
    add('store: get', median(20, () => getAll(opened, 10_000)) / 10, 'µs');
    add('store: commit to event at 1,000 watchers, p99', await fanOut(opened, 1000, 100), 'ms');
    const past = opened.revision;
    await fill(opened, 10_000);
    add(
      'store: list of 10,000 pods at an older revision',
      median(5, () => opened.list({ prefix: '/pods/', revision: past })),
      'ms',
    );
    await opened.compact(opened.revision);
    await fill(opened, 50_000);
    await opened.close();
    const start = performance.now();
    opened = await openLmdbStore({ directory: join(directory, 'store') });
    add('store: open with 50,000 pods', performance.now() - start, 'ms');
    await opened.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return rows;
}

function syncMilliseconds(file: string): number {
  const descriptor = openSync(file, 'w');
  const page = Buffer.alloc(4096, 1);
  const cost = median(100, () => {
    writeSync(descriptor, page);
    fdatasyncSync(descriptor);
  });
  closeSync(descriptor);
  return cost;
}

/** Each writer waits for its commit before it makes the next one. */
async function commitsPerSecond(store: Store, writers: number, milliseconds: number): Promise<number> {
  const value = Buffer.alloc(podSize, 'x');
  const start = performance.now();
  let commits = 0;
  const write = async (writer: number) => {
    while (performance.now() - start < milliseconds) {
      await store.commit([{ type: 'put', key: `/writers/${writer}/${commits % 100}`, value }]);
      commits++;
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return (commits / (performance.now() - start)) * 1000;
}

async function fill(store: Store, pods: number): Promise<void> {
  for (let from = 0; from < pods; from += 1000) {
    const commits = Array.from({ length: Math.min(1000, pods - from) }, (_, index) =>
      store.commit([{ type: 'put', key: podKey(from + index), value: Buffer.alloc(podSize, 'x') }]),
    );
    await Promise.all(commits);
  }
}

function podKey(index: number): string {
  return `/pods/namespace-${index % 50}/pod-${String(index).padStart(6, '0')}`;
}

function getAll(store: Store, pods: number): void {
  for (let index = 0; index < pods; index++) store.get(podKey(index));
}

/** From the call of `commit`, durability included, until the last of all watchers has its batch, over that many events. */
async function fanOut(store: Store, watchers: number, events: number): Promise<number> {
  const watches = Array.from({ length: watchers }, () => store.watch({ prefix: '/fan/', after: store.revision }));
  const iterators = watches.map(({ events: batches }) => batches[Symbol.asyncIterator]());
  const delays: number[] = [];
  for (let event = 0; event < events; event++) {
    const start = performance.now();
    const received = iterators.map(async (iterator) => {
      await iterator.next();
      delays.push(performance.now() - start);
    });
    await store.commit([{ type: 'put', key: `/fan/${event}`, value: Buffer.alloc(podSize) }]);
    await Promise.all(received);
  }
  for (const watch of watches) watch.close();
  return percentile(delays, 99);
}

function median(runs: number, action: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    action();
    return performance.now() - start;
  });
  return percentile(times, 50);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, value, unit } of await measureStore()) {
    console.log(`${name.padEnd(52)} ${value.toFixed(value < 100 ? 3 : 0).padStart(10)} ${unit}`);
  }
}
