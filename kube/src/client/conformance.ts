import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isBerthError } from '../errors/index.ts';
import {
  type ConfigMap,
  type Deployment,
  type KubeObject,
  type Pod,
  type Resource,
  resources,
} from '../objects/index.ts';
import type { KubeClient, WatchEvent, WatchOptions } from './types.ts';

export interface ClientUnderTest {
  client: KubeClient;
  /** Exists, is empty (but for what the server itself puts there), and is the suite's own. */
  namespace: string;
  close?(): Promise<void>;
}

/**
 * What every `KubeClient` promises, as tests. Call it in a test file with a factory of a client to a server of the
 * Kubernetes API with the built-in kinds, where no controller and no node acts on the namespace.
 * `skip` names parts of the protocol that the server lacks, each with its reason, which shows in the test's name.
 */
export function clientConformance(
  name: string,
  factory: () => Promise<ClientUnderTest>,
  skip: { [part in 'apply']?: string } = {},
): void {
  describe(`KubeClient conformance: ${name}`, () => {
    let client: KubeClient;
    let namespace: string;
    let close: (() => Promise<void>) | undefined;
    beforeAll(async () => {
      ({ client, namespace, close } = await factory());
    });
    afterAll(() => close?.());

    const configMap = (mapName: string, data: Record<string, string> = {}, labels = {}): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: mapName, namespace, ...(Object.keys(labels).length ? { labels } : {}) },
      data,
    });
    const container = { name: 'main', image: 'example/main:1' };
    const pod = (podName: string): Pod => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: podName, namespace },
      spec: { containers: [container] },
    });
    const deployment = (deploymentName: string): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: deploymentName, namespace },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: deploymentName } },
        template: { metadata: { labels: { app: deploymentName } }, spec: { containers: [container] } },
      },
    });
    const key = (objectName: string) => ({ namespace, name: objectName });
    const names = (list: { items: KubeObject[] }) => list.items.map((item) => item.metadata.name);

    describe('create and get', () => {
      test('fills in what the server owns', async () => {
        const created = await client.create(resources.configMaps, configMap('created', { a: '1' }));
        expect(created.metadata).toMatchObject({ name: 'created', namespace });
        expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(created.metadata.resourceVersion).toBeTruthy();
        const got = await client.get(resources.configMaps, key('created'));
        expect(got).toEqual(created);
        expect(got).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      });

      test('generateName makes names of their own', async () => {
        const make = () => {
          const { name: _, ...metadata } = configMap('').metadata;
          return { ...configMap(''), metadata: { ...metadata, generateName: 'made-' } } as ConfigMap;
        };
        const one = await client.create(resources.configMaps, make());
        const two = await client.create(resources.configMaps, make());
        expect(one.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
        expect(two.metadata.name).not.toBe(one.metadata.name);
      });

      test('a second of the same name is AlreadyExists; one that is not there is NotFound', async () => {
        await client.create(resources.configMaps, configMap('twice'));
        await expect(client.create(resources.configMaps, configMap('twice'))).rejects.toMatchObject({
          code: 'AlreadyExists',
          message: 'configmaps "twice" already exists',
        });
        await expect(client.get(resources.configMaps, key('absent'))).rejects.toMatchObject({
          code: 'NotFound',
          message: 'configmaps "absent" not found',
          details: { name: 'absent', kind: 'configmaps' },
        });
      });

      test('an invalid object is Invalid with a cause for the field', async () => {
        const wrong = await client.create(resources.configMaps, configMap('Not_A_Name')).catch((error) => error);
        expect(isBerthError(wrong, 'Invalid')).toBe(true);
        expect(wrong.details.causes).toContainEqual(expect.objectContaining({ field: 'metadata.name' }));
      });

      test('a dry run answers as if, and keeps nothing', async () => {
        const answer = await client.create(resources.configMaps, configMap('dry'), { dryRun: true });
        expect(answer.metadata.uid).toBeTruthy();
        await expect(client.get(resources.configMaps, key('dry'))).rejects.toMatchObject({ code: 'NotFound' });
      });

      test('a namespace that does not exist is NotFound', async () => {
        const elsewhere = configMap('x');
        elsewhere.metadata.namespace = `${namespace}-absent`;
        await expect(client.create(resources.configMaps, elsewhere)).rejects.toMatchObject({ code: 'NotFound' });
      });
    });

    describe('update', () => {
      test('replaces, with a new version; a version that is not the present one is a Conflict', async () => {
        const first = await client.create(resources.configMaps, configMap('updated', { a: '1', b: '1' }));
        const second = await client.update(resources.configMaps, { ...first, data: { a: '2' } });
        expect(second.data).toEqual({ a: '2' });
        expect(second.metadata.uid).toBe(first.metadata.uid);
        expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
        await expect(client.update(resources.configMaps, { ...first, data: { a: '3' } })).rejects.toMatchObject({
          code: 'Conflict',
        });
        const { resourceVersion: _, ...unversioned } = first.metadata;
        const forced = await client.update(resources.configMaps, { ...first, metadata: unversioned, data: { a: '4' } });
        expect(forced.data).toEqual({ a: '4' });
      });

      test('one that changes nothing leaves the version alone', async () => {
        const first = await client.create(resources.configMaps, configMap('unchanged', { a: '1' }));
        const second = await client.update(resources.configMaps, first);
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      test('what the caller holds is not what the server keeps', async () => {
        const mine = configMap('aliased', { a: '1' });
        await client.create(resources.configMaps, mine);
        mine.data = { a: 'changed after the call' };
        expect((await client.get(resources.configMaps, key('aliased'))).data).toEqual({ a: '1' });
      });

      test('status and specification are written apart, and only the latter moves the generation', async () => {
        const first = await client.create(resources.deployments, deployment('apart'));
        expect(first.metadata.generation).toBe(1);
        const withStatus = { ...first, spec: { ...first.spec, replicas: 9 }, status: { replicas: 5 } } as Deployment;
        const second = await client.update(resources.deployments, withStatus, { subresource: 'status' });
        expect(second.spec?.replicas).toBe(2);
        expect(second.status?.replicas).toBe(5);
        expect(second.metadata.generation).toBe(1);
        const { status: _, ...bare } = second;
        const third = await client.update(resources.deployments, {
          ...bare,
          spec: { ...second.spec, replicas: 3 },
        } as Deployment);
        expect(third.metadata.generation).toBe(2);
        expect(third.status?.replicas).toBe(5);
      });
    });

    describe('patch', () => {
      test('JSON patch, and its test operation', async () => {
        await client.create(resources.configMaps, configMap('json', { a: '1', b: '2' }));
        const patched = await client.patch(resources.configMaps, key('json'), {
          type: 'json',
          body: [
            { op: 'test', path: '/data/a', value: '1' },
            { op: 'remove', path: '/data/b' },
            { op: 'add', path: '/data/c', value: '3' },
          ],
        });
        expect(patched.data).toEqual({ a: '1', c: '3' });
        const failing = client.patch(resources.configMaps, key('json'), {
          type: 'json',
          body: [{ op: 'test', path: '/data/a', value: 'other' }],
        });
        await expect(failing).rejects.toMatchObject({ code: 'Invalid' });
      });

      test('merge patch: null removes', async () => {
        await client.create(resources.configMaps, configMap('merge', { a: '1', b: '2' }));
        const patched = await client.patch(resources.configMaps, key('merge'), {
          type: 'merge',
          body: { data: { a: null, c: '3' } },
        });
        expect(patched.data).toEqual({ b: '2', c: '3' });
      });

      test('strategic merge patch: containers merge by name', async () => {
        await client.create(resources.deployments, deployment('strategic'));
        const patched = await client.patch(resources.deployments, key('strategic'), {
          type: 'strategic',
          body: { spec: { template: { spec: { containers: [{ name: 'side', image: 'example/side:1' }] } } } },
        });
        const containers = patched.spec?.template.spec?.containers.map((each) => each.name) ?? [];
        expect(containers.sort()).toEqual(['main', 'side']);
      });

      test('a version in the patch is a condition', async () => {
        await client.create(resources.configMaps, configMap('conditional', { a: '1' }));
        const failing = client.patch(resources.configMaps, key('conditional'), {
          type: 'merge',
          body: { metadata: { resourceVersion: '1' }, data: { a: '2' } },
        });
        await expect(failing).rejects.toMatchObject({ code: 'Conflict' });
      });

      test('without a version they never conflict, however many come at once', async () => {
        await client.create(resources.configMaps, configMap('busy'));
        const patch = (at: number) =>
          client.patch(resources.configMaps, key('busy'), { type: 'merge', body: { data: { [`k${at}`]: `${at}` } } });
        await Promise.all(Array.from({ length: 12 }, (_, at) => patch(at)));
        const { data } = await client.get(resources.configMaps, key('busy'));
        expect(Object.keys(data ?? {})).toHaveLength(12);
        const last = Promise.allSettled(Array.from({ length: 6 }, (_, at) => patch(at + 100)));
        await client.delete(resources.configMaps, key('busy'));
        await last;
      });

      test('subresource status', async () => {
        await client.create(resources.pods, pod('patched-status'));
        const patched = await client.patch(
          resources.pods,
          key('patched-status'),
          { type: 'merge', body: { status: { phase: 'Running' } } },
          { subresource: 'status' },
        );
        expect(patched.status?.phase).toBe('Running');
      });
    });

    describe('list', () => {
      const prefix = 'listed';
      beforeAll(async () => {
        for (let at = 0; at < 5; at++) {
          const labels = { set: prefix, parity: at % 2 ? 'odd' : 'even' };
          await client.create(resources.configMaps, configMap(`${prefix}-${at}`, {}, labels));
        }
      });

      test('selectors by label and by field', async () => {
        const by = async (options: { labelSelector?: string; fieldSelector?: string }) =>
          names(await client.list(resources.configMaps, { namespace, ...options }));
        expect(await by({ labelSelector: `set=${prefix},parity=odd` })).toEqual(['listed-1', 'listed-3']);
        expect(await by({ labelSelector: `set in (${prefix}),parity notin (odd)` })).toHaveLength(3);
        expect(await by({ labelSelector: `set=${prefix},!parity` })).toEqual([]);
        expect(await by({ fieldSelector: 'metadata.name=listed-2' })).toEqual(['listed-2']);
        expect(await by({ labelSelector: `set=${prefix}`, fieldSelector: 'metadata.name!=listed-2' })).toHaveLength(4);
        await expect(by({ fieldSelector: 'spec.nonsense=1' })).rejects.toMatchObject({ code: 'BadRequest' });
        await expect(by({ labelSelector: 'a in' })).rejects.toMatchObject({ code: 'BadRequest' });
      });

      test('pages are of one version, and together they are the whole', async () => {
        const seen: string[] = [];
        let next: string | undefined;
        const versions = new Set<string | undefined>();
        for (let page = 0; page < 3; page++) {
          const list = await client.list(resources.configMaps, {
            namespace,
            labelSelector: `set=${prefix}`,
            limit: 2,
            ...(next ? { continue: next } : {}),
          });
          // Made between the pages: it must not be in them.
          await client.create(
            resources.configMaps,
            configMap(`${prefix}-4-later-${page}`, {}, { set: prefix, late: 'yes' }),
          );
          versions.add(list.metadata.resourceVersion);
          seen.push(...names(list));
          next = list.metadata.continue;
        }
        expect(next ?? '').toBe('');
        expect(seen).toEqual([0, 1, 2, 3, 4].map((at) => `${prefix}-${at}`));
        expect(versions.size).toBe(1);
      });

      test('without a namespace: all namespaces', async () => {
        const all = await client.list(resources.configMaps, { labelSelector: `set=${prefix},!late` });
        expect(all.items).toHaveLength(5);
        expect(all).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList' });
        expect(all.items[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
      });
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

    describe.skipIf(skip.apply !== undefined)(skip.apply === undefined ? 'apply' : `apply (${skip.apply})`, () => {
      const options = { fieldManager: 'suite' };
      test('creates, changes, and removes what is no longer applied', async () => {
        const created = await client.apply(resources.configMaps, configMap('applied', { a: '1', b: '2' }), options);
        expect(created.data).toEqual({ a: '1', b: '2' });
        const changed = await client.apply(resources.configMaps, configMap('applied', { a: '3' }), options);
        expect(changed.data).toEqual({ a: '3' });
        expect(changed.metadata.managedFields?.map((entry) => `${entry.manager} ${entry.operation}`)).toEqual([
          'suite Apply',
        ]);
        const same = await client.apply(resources.configMaps, configMap('applied', { a: '3' }), options);
        expect(same.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
      });

      test('another manager of the same field is a Conflict, unless forced', async () => {
        await client.apply(resources.configMaps, configMap('contested', { a: '1' }), options);
        const other = (force: boolean) =>
          client.apply(resources.configMaps, configMap('contested', { a: '2' }), { fieldManager: 'other', force });
        await expect(other(false)).rejects.toMatchObject({ code: 'Conflict' });
        expect((await other(true)).data).toEqual({ a: '2' });
      });
    });

    describe('delete', () => {
      test('removes; the second time it is NotFound', async () => {
        await client.create(resources.configMaps, configMap('deleted'));
        await client.delete(resources.configMaps, key('deleted'));
        await expect(client.get(resources.configMaps, key('deleted'))).rejects.toMatchObject({ code: 'NotFound' });
        await expect(client.delete(resources.configMaps, key('deleted'))).rejects.toMatchObject({ code: 'NotFound' });
      });

      test('finalizers hold the object', async () => {
        const held = configMap('held');
        held.metadata.finalizers = ['example.com/hold'];
        await client.create(resources.configMaps, held);
        const answer = await client.delete(resources.configMaps, key('held'));
        expect(answer?.metadata.deletionTimestamp).toBeTruthy();
        const got = await client.get(resources.configMaps, key('held'));
        expect(got.metadata.deletionTimestamp).toBeTruthy();
        await client.patch(resources.configMaps, key('held'), {
          type: 'merge',
          body: { metadata: { finalizers: null } },
        });
        await expect(client.get(resources.configMaps, key('held'))).rejects.toMatchObject({ code: 'NotFound' });
      });

      test('preconditions', async () => {
        const made = await client.create(resources.configMaps, configMap('guarded'));
        const wrong = { preconditions: { uid: '00000000-0000-0000-0000-000000000000' } };
        await expect(client.delete(resources.configMaps, key('guarded'), wrong)).rejects.toMatchObject({
          code: 'Conflict',
        });
        const { uid } = made.metadata;
        await client.delete(resources.configMaps, key('guarded'), uid === undefined ? {} : { preconditions: { uid } });
        await expect(client.get(resources.configMaps, key('guarded'))).rejects.toMatchObject({ code: 'NotFound' });
      });

      test('a dry run deletes nothing', async () => {
        await client.create(resources.configMaps, configMap('spared'));
        await client.delete(resources.configMaps, key('spared'), { dryRun: true });
        expect((await client.get(resources.configMaps, key('spared'))).metadata.name).toBe('spared');
      });

      test('a collection by its selector', async () => {
        for (const each of ['c-1', 'c-2', 'c-3']) {
          await client.create(
            resources.configMaps,
            configMap(each, {}, { collection: each === 'c-3' ? 'stays' : 'goes' }),
          );
        }
        await client.deleteCollection(resources.configMaps, { namespace, labelSelector: 'collection=goes' });
        const left = await client.list(resources.configMaps, { namespace, labelSelector: 'collection' });
        expect(names(left)).toEqual(['c-3']);
      });
    });

    describe('subresources', () => {
      test('binding a pod sets its node, once', async () => {
        await client.create(resources.pods, pod('bound'));
        const binding = {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'bound', namespace },
          target: { apiVersion: 'v1', kind: 'Node', name: 'suite-node' },
        };
        await client.createSubresource(resources.pods, key('bound'), 'binding', binding);
        const got = await client.get(resources.pods, key('bound'));
        expect(got.spec?.nodeName).toBe('suite-node');
        const again = client.createSubresource(resources.pods, key('bound'), 'binding', binding);
        await expect(again).rejects.toMatchObject({ code: 'Conflict' });
        const here = await client.list(resources.pods, { namespace, fieldSelector: 'spec.nodeName=suite-node' });
        expect(names(here)).toEqual(['bound']);
      });

      test('scale changes the replicas', async () => {
        await client.create(resources.deployments, deployment('scaled'));
        const scaled = await client.patch(
          resources.deployments as Resource,
          key('scaled'),
          { type: 'merge', body: { spec: { replicas: 7 } } },
          { subresource: 'scale' },
        );
        expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 7 } });
        expect((await client.get(resources.deployments, key('scaled'))).spec?.replicas).toBe(7);
      });
    });
  });
}
