import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { sendAsAdmin, startTestApi } from '../api/testing.ts';
import { openLmdbStore, takeSnapshot } from '../store/index.ts';
import { temporaryDirectory } from '../store/temporary.ts';
import { openEncryptedStore } from './open.ts';
import { contentOf, filesWith, placesIn, secret, silent } from './testing.ts';
import { startAtRest } from './testing-server.ts';

const admin = { name: 'kubernetes-admin', groups: ['system:masters'] };
const namespace = 'default';

test('no file holds what a Secret held, after writes, updates, deletions, compaction and a snapshot', async () => {
  await using directory = await temporaryDirectory();
  const snapshots = join(directory.path, 'snapshots');
  {
    await using running = await startAtRest(directory.path);
    const { store } = running.opened;
    const { client } = running;
    await client.create(resources.configMaps, {
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'control', namespace } },
      data: { content: 'marker-of-control' },
    });
    for (let round = 0; round < 40; round++) {
      const name = `s-${round % 7}`;
      // Sizes on both sides of a page.
      const body = secret(name, `marker-of-secret ${round} ${'x'.repeat((round * 977) % 6000)}`);
      if (round < 7) await client.create(resources.secrets, body);
      else await client.update(resources.secrets, body);
      if (round % 10 === 9) await store.compact(store.revision - 3);
    }
    for (const name of ['s-1', 's-2']) await client.delete(resources.secrets, { namespace, name });
    await takeSnapshot({ store, snapshots, keep: 3, now: new Date() });
    await store.compact(store.revision);
    expect(contentOf(await client.get(resources.secrets, { namespace, name: 's-0' }))).toMatch(/^marker-of-secret 35/);
  }
  expect(filesWith(directory.path, 'marker-of-control')).toHaveLength(2);
  expect(filesWith(directory.path, 'marker-of-secret')).toEqual([]);
  expect(statSync(join(directory.path, 'encryption.json')).mode & 0o777).toBe(0o600);

  await using again = await startAtRest(directory.path);
  const { client } = again;
  expect((await client.list(resources.secrets, { namespace })).items.map(contentOf)).toHaveLength(5);
});

test('what an earlier version left plain is encrypted at the start, in snapshots and in free pages too', async () => {
  await using directory = await temporaryDirectory();
  const { directory: folder } = placesIn(directory.path);
  const snapshots = join(directory.path, 'snapshots');
  {
    const store = await openLmdbStore({ directory: folder });
    await using server = await startTestApi({ store });
    const client = server.api.client(admin);
    for (const name of ['a', 'b', 'c']) {
      await client.create(resources.secrets, secret(name, `marker-first ${'y'.repeat(5000)}`));
      await client.update(resources.secrets, secret(name, `marker-last ${name}`));
    }
    await takeSnapshot({ store, snapshots, keep: 3, now: new Date() });
    await client.delete(resources.secrets, { namespace, name: 'c' });
  }
  expect(filesWith(directory.path, 'marker-last')).toHaveLength(2);
  let revision: number;
  {
    await using running = await startAtRest(directory.path);
    const { client } = running;
    revision = running.opened.store.revision;
    const { items } = await client.list(resources.secrets, { namespace });
    expect(items.map(contentOf)).toEqual(['marker-last a', 'marker-last b']);
  }
  expect(filesWith(directory.path, 'marker-first')).toEqual([]);
  expect(filesWith(directory.path, 'marker-last')).toEqual([]);
  // A start with nothing to do writes nothing but what every start does.
  const file = join(folder, 'store.mdb');
  const before = statSync(file).ino;
  await using running = await startAtRest(directory.path);
  expect(statSync(file).ino).toBe(before);
  expect(running.opened.store.revision).toBeGreaterThanOrEqual(revision);
});

test('without its key a store is not opened and not changed, and opens again with it', async () => {
  await using directory = await temporaryDirectory();
  const places = placesIn(directory.path);
  {
    await using running = await startAtRest(directory.path);
    await running.client.create(resources.secrets, secret('one', 'kept'));
  }
  const key = readFileSync(places.keyFile);
  const name = /berth-[\w-]+/.exec(key.toString())?.[0];
  const before = readFileSync(join(places.directory, 'store.mdb'));
  const open = () => openEncryptedStore({ ...places, now: () => new Date(), logger: silent });
  const refused = async (fault: RegExp) => {
    await expect(open()).rejects.toMatchObject({ retryable: false, message: expect.stringMatching(fault) });
    expect(readFileSync(join(places.directory, 'store.mdb')).equals(before)).toBe(true);
  };
  rmSync(places.keyFile);
  await refused(new RegExp(`1 value of secrets is .*aesgcm:v1:${name}.*encryption.json.*backup`));
  writeFileSync(places.keyFile, key.toString().replaceAll('berth-', 'other-'));
  await refused(new RegExp(`1 value of secrets is .*aesgcm:v1:${name}`));
  for (const damage of ['', '{', '{}', key.toString().slice(0, -40), key.toString().replace(/"secret": "/, '$&AA')]) {
    writeFileSync(places.keyFile, damage);
    await refused(/encryption.json.* is damaged: put it back from a backup/);
  }
  writeFileSync(places.keyFile, key);
  await using running = await startAtRest(directory.path);
  expect(contentOf(await running.client.get(resources.secrets, { namespace, name: 'one' }))).toBe('kept');
});

test('a value that was damaged, or moved to another key, is not read, and nothing else suffers', async () => {
  await using directory = await temporaryDirectory();
  {
    await using running = await startAtRest(directory.path);
    const { client } = running;
    for (const name of ['a', 'b', 'c']) await client.create(resources.secrets, secret(name, `of ${name}`));
    const { store } = running.opened;
    const key = (name: string) => `/registry/core/secrets/${namespace}/${name}`;
    const value = Buffer.from(store.get(key('a'))?.value as Uint8Array);
    await store.commit([{ type: 'put', key: key('moved'), value }]);
    const damaged = Buffer.from(store.get(key('b'))?.value as Uint8Array);
    damaged[damaged.length - 20] = (damaged.at(-20) as number) ^ 1;
    await store.commit([{ type: 'put', key: key('b'), value: damaged }]);
  }
  await using running = await startAtRest(directory.path);
  const { client } = running;
  const fault = (name: string) => ({
    code: 'InternalError',
    message: `Internal error occurred: unable to transform key "/registry/core/secrets/default/${name}": cipher: message authentication failed`,
  });
  for (const name of ['b', 'moved']) {
    await expect(client.get(resources.secrets, { namespace, name })).rejects.toMatchObject(fault(name));
    // As v1.35 by default: what cannot be read cannot be deleted by its API either.
    await expect(client.delete(resources.secrets, { namespace, name })).rejects.toMatchObject(fault(name));
    await expect(client.update(resources.secrets, secret(name, 'new'))).rejects.toMatchObject(fault(name));
  }
  await expect(client.list(resources.secrets, { namespace })).rejects.toMatchObject(fault('b'));
  expect((await client.list(resources.secrets, { namespace: 'kube-system' })).items).toEqual([]);
  // Controllers go on with what can be read; whoever asks from outside is told.
  expect((await client.list(resources.secrets)).items.map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
  const outside = await sendAsAdmin(running.server, 'GET', '/api/v1/secrets');
  expect(outside).toMatchObject({ status: 500, body: { reason: 'InternalError', message: fault('b').message } });
  const options = { ignoreStoreReadErrorWithClusterBreakingPotential: true };
  const forced = await sendAsAdmin(running.server, 'DELETE', '/api/v1/namespaces/default/secrets/b', options);
  expect(forced).toMatchObject({ status: 500, body: { reason: 'InternalError', message: fault('b').message } });
  expect(contentOf(await client.get(resources.secrets, { namespace, name: 'c' }))).toBe('of c');
  await client.update(resources.secrets, secret('c', 'new'));
  expect(contentOf(await client.get(resources.secrets, { namespace, name: 'c' }))).toBe('new');
});

test('the past is told in plain: pages of a list, an exact version, and a watch from before the start', async () => {
  await using directory = await temporaryDirectory();
  let version = '';
  {
    await using running = await startAtRest(directory.path);
    const { client } = running;
    for (let at = 0; at < 6; at++) await client.create(resources.secrets, secret(`s-${at}`, `first ${at}`));
    version = (await client.list(resources.secrets, { namespace })).metadata.resourceVersion ?? '';
    const page = await client.list(resources.secrets, { namespace, limit: 3 });
    await client.update(resources.secrets, secret('s-5', 'second 5'));
    await client.delete(resources.secrets, { namespace, name: 's-4' });
    const rest = await client.list(resources.secrets, { namespace, limit: 3, continue: page.metadata.continue ?? '' });
    expect(rest.items.map(contentOf)).toEqual(['first 3', 'first 4', 'first 5']);
  }
  await using running = await startAtRest(directory.path);
  const { client, server } = running;
  const path = `/api/v1/namespaces/${namespace}/secrets?resourceVersion=${version}&resourceVersionMatch=Exact`;
  const { body } = await sendAsAdmin(server, 'GET', path);
  expect((body as { items: object[] }).items.map(contentOf)).toHaveLength(6);
  const told: string[] = [];
  for await (const { type, object } of client.watch(resources.secrets, { namespace, resourceVersion: version })) {
    told.push(`${type} ${object.metadata.name} ${contentOf(object)}`);
    if (told.length === 2) break;
  }
  expect(told).toEqual(['MODIFIED s-5 second 5', 'DELETED s-4 first 4']);
});
