import { readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Pod, resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { nodeFixture } from '../fixture.ts';
import { usualRotation } from './index.ts';

/** A thousand letters a line, so that some ten thousand are what a log may hold; the last ten, short ones, when told to. */
const script = (lines: number) =>
  `x=$(head -c 1000 /dev/zero | tr "\\0" x); i=0
   write() { while [ $i -lt $1 ]; do echo "$i $x"; i=$((i+1)); done; }
   write ${lines - 10}; touch /done
   while [ ! -e /more ]; do sleep 1; done
   x=; write ${lines}; sleep 1d`;
const container = (lines: number) => ({
  name: 'main',
  image: 'berth.local/busybox:1',
  command: ['/bin/sh', '-c', script(lines)],
  readinessProbe: { exec: { command: ['cat', '/done'] }, periodSeconds: 1 },
});
const isReady = (pod: Pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');

test('a log of several times the limit is rotated, and who follows it gets every line once', async () => {
  await using node = await nodeFixture({ logRotation: { every: 200 } });
  const lines = 60_000;
  await node.run('chatty', { containers: [container(lines)] });
  const pod = await node.until('chatty', ({ status }) => status?.containerStatuses?.[0]?.state?.running !== undefined);
  const over = new AbortController();
  const access = (options: object = {}) =>
    node.agent().access.logs(pod, { container: 'main', signal: over.signal, ...options });
  const numbers: number[] = [];
  const following = (async () => {
    let rest = '';
    for await (const chunk of await access({ follow: true })) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) numbers.push(Number.parseInt(line, 10));
      if (numbers.at(-1) === lines - 1) return;
    }
  })();
  const directory = `${node.containerd.directory}/logs/default_chatty_${pod.metadata.uid}/main`;
  await node.until('chatty', (found) => isReady(found) === true);
  await expect.poll(async () => (await stat(`${directory}/0.log`)).size).toBeLessThan(usualRotation.maxBytes);
  const id = pod.status?.containerStatuses?.[0]?.containerID?.slice(-64) ?? '';
  await node.containerd.containerd.runtime.execSync(id, ['touch', '/more'], 10);
  await following;
  expect(numbers).toHaveLength(lines);
  expect(numbers.every((number, index) => number === index)).toBe(true);

  const names = (await readdir(directory)).sort();
  expect(names.length).toBeGreaterThan(2);
  expect(names.length).toBeLessThanOrEqual(5);
  expect(names[0]).toBe('0.log');
  // All that was put aside but the newest is compressed.
  expect(names.slice(1, -1).every((name) => name.endsWith('.gz'))).toBe(true);
  expect(names.at(-1)).toMatch(/^0\.log\.\d{8}-\d{6}$/);

  // What is asked for without following is of the present file alone.
  const present = await text(await access());
  const shown = present
    .trimEnd()
    .split('\n')
    .map((line) => Number.parseInt(line, 10));
  expect(shown.length).toBeLessThan(lines);
  expect(shown.at(-1)).toBe(lines - 1);
  const tail = await text(await access({ tailLines: 2 }));
  expect(tail.split('\n').map((line) => line.slice(0, 6))).toEqual([`${lines - 2} `, `${lines - 1} `, '']);
  expect(await text(await access({ limitBytes: 3 }))).toBe(present.slice(0, 3));
  expect(await text(await access({ sinceTime: new Date(Date.now() + 60_000).toISOString() }))).toBe('');
  over.abort();

  await node.client.delete(resources.pods, { namespace: 'default', name: 'chatty' });
  await expect
    .poll(() => readdir(dirname(dirname(directory))), { timeout: 20_000 })
    .not.toContain(`default_chatty_${pod.metadata.uid}`);
});
