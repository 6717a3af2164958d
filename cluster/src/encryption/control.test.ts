import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { listSnapshots, takeSnapshot } from '../store/index.ts';
import { temporaryDirectory } from '../store/temporary.ts';
import { contentOf, filesWith, placesIn, secret } from './testing.ts';
import { startAtRest } from './testing-server.ts';

const namespace = 'default';
const key = (letter: string) => Buffer.alloc(32, letter).toString('base64');
const yaml = (resources_: string, ...providers: string[]) =>
  [
    'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:',
    `- resources: [${resources_}]\n  providers:`,
    ...providers.map((provider) => `  - ${provider}`),
  ].join('\n');

test('a rotation rewrites everything under a new key and forgets the former, while others read, write and watch', async () => {
  await using directory = await temporaryDirectory();
  const places = placesIn(directory.path);
  const { snapshots } = places;
  const before = await (async () => {
    await using running = await startAtRest(directory.path);
    const { client, control, opened } = running;
    for (let at = 0; at < 30; at++) await client.create(resources.secrets, secret(`s-${at}`, `content ${at}`));
    await client.create(resources.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', namespace },
    });
    await takeSnapshot({ store: opened.store, snapshots, keep: 3, now: new Date(0) });
    const {
      keys,
      file,
      resources: [kept],
      unreadable,
    } = control.status();
    expect({ keys, file, unreadable, resource: kept?.resource }).toEqual({
      keys: 'own',
      file: places.keyFile,
      unreadable: [],
      resource: 'secrets',
    });
    expect(kept?.keys).toEqual([{ key: expect.stringMatching(/^aesgcm:v1:berth-/), values: 30, writes: true }]);
    const former = kept?.keys[0]?.key;
    const list = await client.list(resources.secrets, { namespace });
    const watch = client.watch(resources.secrets, { namespace, resourceVersion: list.metadata?.resourceVersion ?? '' });
    const told = new Set<string>();
    const telling = (async () => {
      for await (const event of watch) {
        if (event.type === 'MODIFIED') told.add(event.object.metadata.name ?? '');
        if (told.size === 31) return;
      }
    })();
    let over = false;
    const writing = (async () => {
      for (let count = 0; !over; count++) await client.update(resources.secrets, secret('s-7', `new ${count}`));
    })();
    const [rotated, second] = await Promise.allSettled([control.rotate(), control.rotate()]);
    over = true;
    await writing;
    expect(second).toMatchObject({ status: 'rejected', reason: { code: 'Conflict' } });
    if (rotated.status === 'rejected') throw rotated.reason;
    expect(rotated.value.rewritten).toBeGreaterThanOrEqual(29);
    expect(rotated.value).toMatchObject({ unreadable: 0 });
    await client.create(resources.secrets, secret('s-last', 'x'));
    await client.update(resources.secrets, secret('s-last', 'y'));
    await telling;
    const current = `aesgcm:v1:${rotated.value.key}`;
    expect(current).not.toBe(former);
    expect(control.status().resources[0]?.keys).toEqual([{ key: current, values: 31, writes: true }]);
    expect((await client.list(resources.secrets, { namespace, limit: 5 })).items).toHaveLength(5);
    return former?.slice('aesgcm:v1:'.length) ?? '';
  })();
  expect(filesWith(snapshots, before)).toEqual([]);
  expect(readFileSync(places.keyFile, 'utf8')).not.toContain(before);
  expect(listSnapshots(snapshots)).toHaveLength(1);
  await using running = await startAtRest(directory.path);
  expect(contentOf(await running.client.get(resources.secrets, { namespace, name: 's-3' }))).toBe('content 3');
  expect(contentOf(await running.client.get(resources.secrets, { namespace, name: 's-7' }))).toMatch(/^new /);
});

test("a configuration takes the place of Berth's own key, and its first provider writes", async () => {
  await using directory = await temporaryDirectory();
  const places = placesIn(directory.path);
  const file = join(directory.path, 'configuration.yaml');
  const content = async (running: Awaited<ReturnType<typeof startAtRest>>, name: string) =>
    contentOf(await running.client.get(resources.secrets, { namespace, name }));
  {
    await using running = await startAtRest(directory.path);
    for (const name of ['a', 'b']) await running.client.create(resources.secrets, secret(name, `marker-own ${name}`));
    await running.client.create(resources.configMaps, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace } },
      data: { text: 'marker-map' },
    });
  }
  writeFileSync(
    file,
    yaml('secrets, configmaps', `aescbc: {keys: [{name: one, secret: ${key('1')}}]}`, 'identity: {}'),
  );
  {
    await using running = await startAtRest(directory.path, { file, reload: false });
    const { control, client } = running;
    // What was under Berth's own key is read for as long as it is there; an update that changes nothing rewrites it.
    expect(await content(running, 'a')).toBe('marker-own a');
    await client.update(resources.secrets, await client.get(resources.secrets, { namespace, name: 'a' }));
    const count = (resource: string) => control.status().resources.find((one) => one.resource === resource)?.keys;
    expect(count('secrets')).toEqual([
      { key: 'aescbc:v1:one', values: 1, writes: true },
      { key: expect.stringMatching(/^aesgcm:v1:berth-/), values: 1, writes: false },
    ]);
    await expect(control.rotate()).rejects.toMatchObject({
      code: 'BadRequest',
      message: expect.stringContaining(file),
    });
    const { rewritten, unreadable } = await control.rewrite();
    expect(rewritten).toBeGreaterThanOrEqual(2);
    expect(unreadable).toBe(0);
    expect(count('secrets')).toEqual([{ key: 'aescbc:v1:one', values: 2, writes: true }]);
    expect(count('configmaps')).toHaveLength(1);
    expect(await control.rewrite()).toEqual({ rewritten: 0, unreadable: 0 });
  }
  // What was plain is gone from free pages once Berth has started anew.
  {
    await using running = await startAtRest(directory.path, { file, reload: false });
    expect(filesWith(places.directory, 'marker-map')).toEqual([]);
    expect(await content(running, 'b')).toBe('marker-own b');
  }
  // Without the file nothing can be read, nothing is changed, and it is said what helps.
  const before = readFileSync(join(places.directory, 'store.mdb'));
  await expect(startAtRest(directory.path)).rejects.toThrow(
    /encrypted under the key aescbc:v1:one.*--encryption-provider-config/,
  );
  // Another secret under the same name.
  writeFileSync(
    file,
    yaml('secrets, configmaps', `aescbc: {keys: [{name: one, secret: ${key('2')}}]}`, 'identity: {}'),
  );
  await expect(startAtRest(directory.path, { file, reload: false })).rejects.toThrow(
    /aescbc:v1:one: .*configuration.yaml/,
  );
  // Not named any more.
  writeFileSync(file, yaml('secrets', `aescbc: {keys: [{name: one, secret: ${key('1')}}]}`));
  await expect(startAtRest(directory.path, { file, reload: false })).rejects.toThrow(/of configmaps .*aescbc:v1:one/);
  expect(readFileSync(join(places.directory, 'store.mdb')).equals(before)).toBe(true);
  expect(statSync(file).size).toBeGreaterThan(0);
  // Back to plain, and so back to Berth's own key.
  writeFileSync(
    file,
    yaml('secrets, configmaps', 'identity: {}', `aescbc: {keys: [{name: one, secret: ${key('1')}}]}`),
  );
  {
    await using running = await startAtRest(directory.path, { file, reload: false });
    expect((await running.control.rewrite()).rewritten).toBeGreaterThan(2);
  }
  await using running = await startAtRest(directory.path);
  expect(await content(running, 'b')).toBe('marker-own b');
  expect(filesWith(directory.path, 'marker-own')).toEqual([]);
});

test('a file that changes counts from then on; one that is wrong changes nothing', async () => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'configuration.yaml');
  const [one, two] = ['one', 'two'].map((name, at) => `{name: ${name}, secret: ${key(String(at))}}`);
  writeFileSync(file, yaml('secrets', `secretbox: {keys: [${one}]}`));
  const pace = { fileMs: 20, wellMs: 20, unwellMs: 20 };
  await using running = await startAtRest(directory.path, { file, reload: true, pace });
  const { client, control } = running;
  await client.create(resources.secrets, secret('a', 'of a'));
  const writes = () => control.status().resources[0]?.keys.find((kept) => kept.writes)?.key;
  const get = async () => contentOf(await client.get(resources.secrets, { namespace, name: 'a' }));
  expect(writes()).toBe('secretbox:v1:one');
  writeFileSync(file, yaml('secrets', `aesgcm: {keys: [${two}]}`, `secretbox: {keys: [${one}]}`));
  await expect.poll(writes).toBe('aesgcm:v1:two');
  expect(await get()).toBe('of a');
  // Without the key that a value is under it cannot be read, and can be again with it.
  writeFileSync(file, yaml('secrets', `aesgcm: {keys: [${two}]}`));
  const fault =
    'Internal error occurred: unable to transform key "/registry/core/secrets/default/a": no matching prefix found';
  await expect.poll(() => get().catch((error: Error) => error.message)).toBe(fault);
  expect(control.status().unreadable).toEqual(['/registry/core/secrets/default/a']);
  writeFileSync(file, 'nonsense: [');
  writeFileSync(file, yaml('secrets', `aesgcm: {keys: [${two}]}`, `secretbox: {keys: [${one}]}`));
  await expect.poll(() => get().catch(() => '')).toBe('of a');
  writeFileSync(file, yaml('secrets', 'aesgcm: {keys: [{name: wrong, secret: YWJj}]}'));
  await client.create(resources.secrets, secret('b', 'of b'));
  expect(writes()).toBe('aesgcm:v1:two');
  expect(await control.rewrite()).toEqual({ rewritten: 1, unreadable: 0 });
  expect(await get()).toBe('of a');
});

test('a value that cannot be read keeps its key in a rotation, stays through starts, and goes when it is discarded', async () => {
  await using directory = await temporaryDirectory();
  const lost = '/registry/core/secrets/default/lost';
  const keys = () => readFileSync(placesIn(directory.path).keyFile, 'utf8').match(/berth-[\w-]+/g);
  {
    await using running = await startAtRest(directory.path);
    await running.client.create(resources.secrets, secret('whole', 'of whole'));
    const { store } = running.opened;
    const value = store.get(lost.replace('lost', 'whole'))?.value as Uint8Array;
    await store.commit([{ type: 'put', key: lost, value: Buffer.from(value) }]);
  }
  {
    await using running = await startAtRest(directory.path);
    expect(await running.control.rotate()).toMatchObject({ rewritten: 1, unreadable: 1, kept: [expect.any(String)] });
    expect(keys()).toHaveLength(2);
  }
  await using running = await startAtRest(directory.path);
  const { control, client } = running;
  expect(keys()).toHaveLength(2);
  expect(control.status().unreadable).toEqual([lost]);
  expect(contentOf(await client.get(resources.secrets, { namespace, name: 'whole' }))).toBe('of whole');
  await expect(control.discard(lost.replace('lost', 'whole'))).rejects.toMatchObject({ code: 'Conflict' });
  await expect(control.discard(`${lost}s`)).rejects.toMatchObject({ code: 'NotFound' });
  await control.discard(lost);
  expect(control.status().unreadable).toEqual([]);
  expect((await client.list(resources.secrets, { namespace })).items).toHaveLength(1);
  expect(await control.rotate()).toMatchObject({ rewritten: 1, unreadable: 0, kept: [] });
  expect(keys()).toHaveLength(1);
});

test('with a key that is lost for good a cluster goes on without what was under it, when that is asked for', async () => {
  await using directory = await temporaryDirectory();
  {
    await using running = await startAtRest(directory.path);
    await running.client.create(resources.secrets, secret('lost', 'x'));
  }
  rmSync(placesIn(directory.path).keyFile);
  await expect(startAtRest(directory.path)).rejects.toThrow(/if it is lost for good, start with --accept-lost-keys/);
  {
    await using running = await startAtRest(directory.path, undefined, true);
    const { client, control } = running;
    await client.create(resources.secrets, secret('new', 'y'));
    const unknown = 'no matching key was found for the provided AES transformer';
    await expect(client.get(resources.secrets, { namespace, name: 'lost' })).rejects.toThrow(unknown);
    for (const key of control.status().unreadable) await control.discard(key);
  }
  await using running = await startAtRest(directory.path);
  expect((await running.client.list(resources.secrets, { namespace })).items.map(contentOf)).toEqual(['y']);
});
