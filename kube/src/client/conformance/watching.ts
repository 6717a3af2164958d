import { beforeAll, describe, expect, test } from 'vitest';
import { type KubeObject, type Resource, resources } from '../../objects/index.ts';
import type { KubeClient, WatchEvent, WatchOptions } from '../types.ts';
import type { Suite } from './suite.ts';

/** Watches: order, selectors, initial events, ends. */
export function watching(suite: Suite): void {
  const { configMap, key } = suite.objects;
  let client: KubeClient;
  let namespace: string;
  beforeAll(() => {
    ({ client, namespace } = suite.underTest());
  });

  describe('watch', () => {
    /** Collects until `count` events that are no bookmarks came, then ends the stream. */
    async function collect<T extends KubeObject>(
      resource: Resource<T>,
      options: WatchOptions,
      count: number,
    ): Promise<string[]> {
      const abort = new AbortController();
      const events: string[] = [];
      for await (const event of client.watch(resource, { namespace, ...options, signal: abort.signal })) {
        if (event.type !== 'BOOKMARK') events.push(`${event.type} ${event.object.metadata.name}`);
        if (events.length >= count) abort.abort();
      }
      return events;
    }

    test('every later change, in order', async () => {
      const from = (await client.list(resources.configMaps, { namespace })).metadata.resourceVersion ?? '';
      const labels = { watched: 'order' };
      const first = await client.create(resources.configMaps, configMap('w-1', {}, labels));
      await client.create(resources.configMaps, configMap('w-2', {}, labels));
      await client.update(resources.configMaps, { ...first, data: { a: '1' } });
      await client.delete(resources.configMaps, key('w-2'));
      const options = { resourceVersion: from, labelSelector: 'watched=order' };
      expect(await collect(resources.configMaps, options, 4)).toEqual([
        'ADDED w-1',
        'ADDED w-2',
        'MODIFIED w-1',
        'DELETED w-2',
      ]);
      // The same again: what was delivered once can be asked for again.
      expect(await collect(resources.configMaps, options, 4)).toHaveLength(4);
    });

    test('changes that come while watching', async () => {
      const from = (await client.list(resources.configMaps, { namespace })).metadata.resourceVersion ?? '';
      const watching = collect(resources.configMaps, { resourceVersion: from, labelSelector: 'watched=live' }, 20);
      for (let at = 0; at < 20; at++) {
        await client.create(resources.configMaps, configMap(`live-${at}`, { text: '貨櫃' }, { watched: 'live' }));
      }
      expect(await watching).toEqual(Array.from({ length: 20 }, (_, at) => `ADDED live-${at}`));
    });

    test('an object that enters the selector is ADDED, one that leaves is DELETED', async () => {
      const made = await client.create(resources.configMaps, configMap('mover', {}, { in: 'no' }));
      const from = made.metadata.resourceVersion ?? '';
      const label = (value: string) =>
        client.patch(resources.configMaps, key('mover'), {
          type: 'merge',
          body: { metadata: { labels: { in: value } } },
        });
      await label('yes');
      await label('no');
      expect(await collect(resources.configMaps, { resourceVersion: from, labelSelector: 'in=yes' }, 2)).toEqual([
        'ADDED mover',
        'DELETED mover',
      ]);
    });

    test('without a version: first what is there', async () => {
      await client.create(resources.configMaps, configMap('present', {}, { watched: 'present' }));
      expect(await collect(resources.configMaps, { labelSelector: 'watched=present' }, 1)).toEqual(['ADDED present']);
    });

    test('sendInitialEvents: what is there, then a bookmark that says so, then what comes', async () => {
      await client.create(resources.configMaps, configMap('initial', {}, { watched: 'initial' }));
      const abort = new AbortController();
      const seen: string[] = [];
      for await (const event of client.watch(resources.configMaps, {
        namespace,
        labelSelector: 'watched=initial',
        sendInitialEvents: true,
        allowWatchBookmarks: true,
        signal: abort.signal,
      })) {
        if (event.type === 'BOOKMARK') {
          if (event.object.metadata.annotations?.['k8s.io/initial-events-end'] !== 'true') continue;
          seen.push('end');
          await client.create(resources.configMaps, configMap('initial-2', {}, { watched: 'initial' }));
        } else {
          seen.push(event.object.metadata.name);
          if (seen.length === 3) abort.abort();
        }
      }
      expect(seen).toEqual(['initial', 'end', 'initial-2']);
    });

    test('one object by its name', async () => {
      const made = await client.create(resources.configMaps, configMap('alone'));
      await client.create(resources.configMaps, configMap('alone-not'));
      await client.delete(resources.configMaps, key('alone'));
      const options = { fieldSelector: 'metadata.name=alone', resourceVersion: made.metadata.resourceVersion ?? '' };
      expect(await collect(resources.configMaps, options, 1)).toEqual(['DELETED alone']);
    });

    test('DELETED carries the version of the deletion', async () => {
      const made = await client.create(resources.configMaps, configMap('versioned'));
      await client.delete(resources.configMaps, key('versioned'));
      const abort = new AbortController();
      const options = {
        namespace,
        fieldSelector: 'metadata.name=versioned',
        resourceVersion: made.metadata.resourceVersion ?? '',
      };
      let event: WatchEvent | undefined;
      for await (const each of client.watch(resources.configMaps, { ...options, signal: abort.signal })) {
        event = each;
        abort.abort();
      }
      expect(event?.type).toBe('DELETED');
      expect(Number(event?.object.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    });

    test('timeoutSeconds ends the stream in order', async () => {
      const from = (await client.list(resources.configMaps, { namespace })).metadata.resourceVersion ?? '';
      expect(
        await collect(resources.configMaps, { resourceVersion: from, labelSelector: 'none=x', timeoutSeconds: 1 }, 1),
      ).toEqual([]);
    });

    test('an aborted signal ends it before it begins', async () => {
      const options = { signal: AbortSignal.abort() };
      for await (const _ of client.watch(resources.configMaps, options)) throw new Error('an event after the abort');
    });
  });
}
