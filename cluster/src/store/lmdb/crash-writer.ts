import { openLmdbStore } from './open.ts';

/*
 * For the crash test, which kills it: writers that each put their count under two keys in one commit, and print
 * `<revision> <writer> <count>` once it is acknowledged.
 */

const [directory, writers] = [process.argv[2], Number(process.argv[3])];
if (directory === undefined) throw new Error('usage: crash-writer.ts DIRECTORY WRITERS');
const store = await openLmdbStore({ directory });

async function write(writer: number): Promise<never> {
  const keys = [`/first/${writer}`, `/second/${writer}`] as const;
  let count = Number(Buffer.from(store.get(keys[0])?.value ?? Buffer.from('0')).toString('latin1', 0, 12));
  for (;;) {
    count++;
    // Sizes on both sides of a page, so that values with pages of their own take part.
    const value = Buffer.alloc(12 + ((count * 977) % 6000), ' ');
    value.write(String(count).padStart(12, '0'), 'latin1');
    const revision = await store.commit(keys.map((key) => ({ type: 'put', key, value })));
    process.stdout.write(`${revision} ${writer} ${count}\n`);
    if (count % 97 === 0) await store.compact(Math.max(1, revision - 50));
  }
}

await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
