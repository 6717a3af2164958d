import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { chance, runAndKill } from '../killed.ts';
import { temporaryDirectory } from '../temporary.ts';
import { openLmdbStore } from './open.ts';

const writers = 8;
const rounds = 20;
const script = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));

test('a writer killed at any moment loses nothing acknowledged and leaves no half of a commit', async () => {
  const random = chance('crash test');
  await using directory = await temporaryDirectory();
  let revision = 1;
  for (let round = 0; round < rounds; round++) {
    const acknowledged = new Map<number, number>();
    const least = 1 + random(40);
    const enough = (output: string) => output.split('\n').length > least;
    const args = [directory.path, String(writers)];
    for (const line of await runAndKill(script, args, { enough, milliseconds: random(60) })) {
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
