import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { inside, run } from '../services/index.ts';
import { openDoor } from './index.ts';

const host = '127.0.0.1';

/** A network namespace with nothing but its loopback, and a door into it. */
async function namespaceWithDoor() {
  const name = `berth-door-${process.pid}`;
  const namespace = `/run/netns/${name}`;
  await run('ip', ['netns', 'add', name]);
  await inside(namespace).run('ip', ['link', 'set', 'lo', 'up']);
  const door = openDoor(namespace);
  return {
    door,
    /** What somebody in there reads from a port of it; rejects when nobody listens. */
    read: async (port: number) => {
      const there = openDoor(namespace);
      try {
        const socket = await there.dial({ host, port });
        return (await socket.toArray()).join('');
      } finally {
        there.close();
      }
    },
    /** Kills the process in there, as whatever may. */
    async breakDoor() {
      // That of a reader may be on its way out, and gone before it is killed.
      await run('pkill', ['-KILL', '-P', String(process.pid), '-f', 'door/main.ts']);
    },
    async [Symbol.asyncDispose]() {
      door.close();
      await run('ip', ['netns', 'del', name]);
    },
  };
}

const say = (word: string) => (socket: Socket) => void socket.end(word);

test('a port is taken, given back, and had again after the way in broke', async () => {
  await using there = await namespaceWithDoor();
  const first = await there.door.listen({ host, port: 10_250 }, say('first'));
  expect(first.port).toBe(10_250);
  const second = await there.door.listen({ host, port: 10_250 }, say('second'));
  expect(second.port).not.toBe(10_250);
  expect(await there.read(first.port)).toBe('first');
  expect(await there.read(second.port)).toBe('second');

  await there.breakDoor();
  for (const [{ port }, word] of [
    [first, 'first'],
    [second, 'second'],
  ] as const) {
    await expect.poll(() => there.read(port).catch(() => 'nobody')).toBe(word);
  }

  first.close();
  await expect.poll(() => there.read(first.port).catch(() => 'nobody')).toBe('nobody');
  const third = await there.door.listen({ host, port: 10_250 }, say('third'));
  expect(third.port).toBe(10_250);
  expect(await there.read(10_250)).toBe('third');
});

test('a port that there cannot be is an error of whoever asks, and of nobody else', async () => {
  await using there = await namespaceWithDoor();
  const { port } = await there.door.listen({ host, port: 0 }, say('still here'));
  await expect(there.door.dial({ host, port: 70_000 })).rejects.toThrow('70000');
  await expect(there.door.listen({ host, port: -1 }, say('never'))).rejects.toThrow('-1');
  await expect(there.door.listen({ host: '192.0.2.1', port: 80 }, say('never'))).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
  });
  const waiting = there.door.dial({ host, port });
  expect((await (await waiting).toArray()).join('')).toBe('still here');
});

test('a namespace that is not there is an error at once', async () => {
  const door = openDoor('/run/netns/berth-nowhere');
  await expect(door.dial({ host, port: 1 })).rejects.toThrow('is closed');
  await expect(door.listen({ host, port: 1 }, say('never'))).rejects.toThrow('is closed');
  door.close();
  await expect(door.listen({ host, port: 1 }, say('never'))).rejects.toThrow('is closed');
});

test('a connection that breaks as it is handed over ends nothing', async () => {
  await using there = await namespaceWithDoor();
  const taken: Socket[] = [];
  const { port } = await there.door.listen({ host, port: 0 }, (socket) => void taken.push(socket));
  const other = openDoor(`/run/netns/berth-door-${process.pid}`);
  const outside = await other.dial({ host, port });
  await expect.poll(() => taken.length).toBe(1);
  const gone = new Promise((resolve) => taken[0]?.once('close', resolve));
  taken[0]?.resume();
  outside.resetAndDestroy();
  await gone;
  other.close();
});
