import { expect, test } from 'vitest';
import { memoryStore } from '../../store/index.ts';
import { ObjectStorage } from '../storage/object-storage.ts';
import { expireEvents } from './expiry.ts';

test('events go an hour after they were last seen', async () => {
  const store = memoryStore();
  const now = new Date('2026-03-01T12:00:00Z');
  const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000).toISOString();
  const put = async (name: string, event: object) => {
    const value = Buffer.from(
      JSON.stringify({ kind: 'Event', metadata: { name, creationTimestamp: ago(300) }, ...event }),
    );
    await store.commit([{ type: 'put', key: `/registry/core/events/default/${name}`, value }]);
  };
  await put('old', { lastTimestamp: ago(61) });
  await put('repeated', { lastTimestamp: ago(90), series: { lastObservedTime: ago(5) } });
  await put('fresh', { eventTime: ago(59) });
  const storage = new ObjectStorage(store);
  storage.follow(() => {});
  await expireEvents(storage, now);
  expect(storage.list('/registry/core/events/').map((stored) => stored.object.metadata.name)).toEqual([
    'fresh',
    'repeated',
  ]);
  await storage.close();
  await store.close();
});
