import { type ConfigMap, resources } from '@berth/kube/objects';
import { expect, test, vi } from 'vitest';
import { type Change, memoryStore, type Revision, type Store } from '../../store/index.ts';
import { Admission } from '../admission/admission.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { startTestApi } from '../testing.ts';

const { configMaps } = resources;
const key = { namespace: 'default', name: 'shared' };
const path = objectKey(resourcePrefix('', 'configmaps'), key.namespace, key.name);

/** The revision that is given anew; what the server writes by itself at its start does not come as far. */
const given = 500;

/** A store whose next write of the object comes to nothing, once `fill` was called, when what that answers is. */
function fillingStore() {
  const store = memoryStore();
  let failing: PromiseWithResolvers<Revision> | undefined;
  const commit = (changes: readonly Change[]): Promise<Revision> => {
    const [change] = changes;
    if (!failing || change?.key !== path || change.type !== 'put' || typeof change.value !== 'function')
      return store.commit(changes);
    change.value(given);
    const { promise } = failing;
    failing = undefined;
    return promise;
  };
  const fill = () => {
    const filled = Promise.withResolvers<Revision>();
    failing = filled;
    return () => filled.reject(new Error('the disk is full'));
  };
  const filling = new Proxy<Store>(store, {
    get: (_, name) => {
      if (name === 'commit') return commit;
      const value = Reflect.get(store, name, store) as unknown;
      return typeof value === 'function' ? value.bind(store) : value;
    },
  });
  return { store, filling, fill };
}

test('a write that could not be kept comes back with no other, though its revision is given anew', async () => {
  const { store, filling, fill } = fillingStore();
  await using server = await startTestApi({ store: filling });
  const client = server.api.client({ name: 'root', groups: ['system:masters'] });
  const patch = (data: Record<string, string>) => client.patch(configMaps, key, { type: 'merge', body: { data } });
  const made = await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key });

  const admitted = Promise.withResolvers<void>();
  const { admit } = Admission.prototype;
  let asked = 0;
  vi.spyOn(Admission.prototype, 'admit').mockImplementation(async function (this: Admission, request) {
    if (request.name === key.name && ++asked === 2) await admitted.promise;
    await admit.call(this, request);
  });
  const fail = fill();
  const lost = patch({ lost: 'x' });
  const second = patch({ second: 'x' });
  await expect.poll(() => asked).toBe(2);
  fail();
  await expect(lost).rejects.toThrow();
  const third = (revision: Revision) => {
    const metadata = { ...made.metadata, resourceVersion: String(revision) };
    return Buffer.from(JSON.stringify({ ...made, metadata, data: { third: 'x' } }));
  };
  const write = () => store.commit([{ type: 'put', key: path, value: third }]);
  while ((await write()) < given);
  admitted.resolve();
  await second;
  vi.restoreAllMocks();
  expect(((await client.get(configMaps, key)) as ConfigMap).data).toEqual({ second: 'x', third: 'x' });
});
