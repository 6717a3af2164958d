import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../temporary.ts';
import { openLmdbStore } from './open.ts';

const writers = 8;
const rounds = 20;

/** Runs the writer until it has acknowledged `least` commits and a while longer, kills it, and returns the lines it printed. */
async function writeAndKill(directory: string, least: number, milliseconds: number): Promise<string[]> {
  const script = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(writers)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const enough = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (output.split('\n').length > least) enough.resolve();
  });
  const closed = new Promise<string | null>((resolve) => child.on('close', (_code, signal) => resolve(signal)));
  await Promise.race([enough.promise, closed]);
  await delay(milliseconds);
  child.kill('SIGKILL');
  expect(await closed).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

test('a writer killed at any moment loses nothing acknowledged and leaves no half of a commit', async () => {
  const seed = Number(process.env.BERTH_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`crash test: BERTH_SEED=${seed}`);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  await using directory = await temporaryDirectory();
  let revision = 1;
  for (let round = 0; round < rounds; round++) {
    const acknowledged = new Map<number, number>();
    for (const line of await writeAndKill(directory.path, 1 + random(40), random(60))) {
      const [at, writer, count] = line.split(' ').map(Number) as [number, number, number];
      revision = Math.max(revision, at);
      acknowledged.set(writer, count);
    }
    // Opening checks that no revision is missing and none is there in part.
    const store = await openLmdbStore({ directory: directory.path });
    expect(store.revision).toBeGreaterThanOrEqual(revision);
    revision = store.revision;
    for (const [writer, count] of acknowledged) {
      const first = store.get(`/first/${writer}`);
      const second = store.get(`/second/${writer}`);
      expect(Number(Buffer.from(first?.value ?? []).toString('latin1', 0, 12))).toBeGreaterThanOrEqual(count);
      expect(first?.revision).toBe(second?.revision);
      expect(Buffer.compare(first?.value ?? Buffer.alloc(0), second?.value ?? Buffer.alloc(1))).toBe(0);
    }
    await store.close();
  }
  expect(revision).toBeGreaterThan(rounds);
}, 60_000);
