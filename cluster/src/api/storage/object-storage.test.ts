import { expect, test } from 'vitest';
import { memoryStore } from '../../store/index.ts';
import { ObjectStorage } from './object-storage.ts';
import { resourceEventOf } from './resource-event.ts';
import { encode, encodeObject } from './stored-object.ts';

const prefix = '/registry/core/configmaps/';
const change = (name: string, data = {}) => ({
  type: 'put' as const,
  key: `${prefix}default/${name}`,
  value: (revision: number) =>
    encode({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data } as never, revision),
});

test('a write that comes while the server closes says so, and what was acknowledged is there', async () => {
  const store = memoryStore();
  const storage = new ObjectStorage(store);
  storage.follow(() => {});
  await storage.commit([change('before')]);
  const late = storage.commit([change('late')]).catch((error: unknown) => error);
  await storage.close();
  expect(await late).toMatchObject({ code: 'ServiceUnavailable', message: 'the server is shutting down' });
  await expect(storage.commit([change('later')])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  expect(store.list({ prefix }).entries.length).toBe(3);
  await store.close();
  await expect(storage.commit([change('last')])).rejects.toMatchObject({ code: 'ServiceUnavailable' });
});

test('parts that are alike in many objects are one, and nothing else is', async () => {
  const store = memoryStore();
  const storage = new ObjectStorage(store);
  storage.follow(() => {});
  const managed = (name: string, field: string) => {
    const metadata = { name, namespace: 'default', managedFields: [{ manager: 'm', fieldsV1: { [field]: {} } }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { tolerations: [{ key: field }] } } as never;
    return { type: 'put' as const, key: `/registry/core/pods/default/${name}`, value: (at: number) => encode(pod, at) };
  };
  await storage.commit([managed('a', 'f:x'), managed('b', 'f:x'), managed('c', 'f:y')]);
  const [a, b, c] = storage.list('/registry/core/pods/').map(({ object }) => object as never as Shaped);
  expect(a?.metadata.managedFields[0]?.fieldsV1).toBe(b?.metadata.managedFields[0]?.fieldsV1);
  expect(a?.spec.tolerations).toBe(b?.spec.tolerations);
  expect(c?.metadata.managedFields[0]?.fieldsV1).toEqual({ 'f:y': {} });
  expect(c?.spec.tolerations).toEqual([{ key: 'f:y' }]);
  await storage.close();
  await store.close();
});

test('an object at another version differs in nothing else, also where it says its version twice', () => {
  for (const labels of [{}, { resourceVersion: '7' }]) {
    const metadata = { name: 'a', namespace: 'default', labels };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '"resourceVersion":"7"' } } as never;
    const later = encodeObject(`${prefix}default/a`, object, 7).at(1234);
    expect(later.revision).toBe(1234);
    expect(JSON.parse(later.bytes.toString())).toEqual(JSON.parse(encode(object, 1234).toString()));
  }
});

test('the last state of what is deleted says the version of the deletion, whatever else it says', async () => {
  const store = memoryStore();
  const storage = new ObjectStorage(store);
  storage.follow(() => {});
  const made = await storage.commit([change('a', { resourceVersion: String(store.revision + 2) })]);
  const told: unknown[] = [];
  storage.listen(prefix, ({ object, previous }) => {
    told.push([object.revision, object.object.metadata.resourceVersion, previous?.object.metadata.resourceVersion]);
  });
  const gone = await storage.commit([{ type: 'delete', key: `${prefix}default/a` }]);
  expect(told).toEqual([[gone, String(gone), String(made)]]);
  const { events } = store.history({ prefix, after: made });
  expect(events.map((event) => resourceEventOf(event).object.object.metadata.resourceVersion)).toEqual([String(gone)]);
  await storage.close();
  await store.close();
});

interface Shaped {
  metadata: { managedFields: { fieldsV1: object }[] };
  spec: { tolerations: object[] };
}
