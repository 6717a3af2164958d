import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { expect, test, vi } from 'vitest';
import { startTestApi } from '../testing.ts';

/*
 * Clients that do not read: what they cost is bounded, and none of them misses an event without being told.
 * Kernels take some megabytes for a connection, so what is written goes far beyond that.
 */

const mebibyte = 1024 * 1024;
const path = '/api/v1/namespaces/default/configmaps?watch=true&fieldSelector=metadata.name%3Dflood&resourceVersion=';

async function fixture(watches: NonNullable<Parameters<typeof startTestApi>[0]>['watches'] = {}) {
  const server = await startTestApi({ watches });
  const { authority, admin } = server.certificates;
  const tls = { ca: authority.cert, cert: admin.cert, key: admin.key };
  const agent = new https.Agent({ ...tls, maxSockets: 2000 });
  const sessions: ClientHttp2Session[] = [];
  const watchers = {
    /** A connection of its own. */
    async http1(): Promise<Readable> {
      const request = https.get(server.url + path + server.store.revision, { agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.on('error', () => {});
      return response;
    },
    session(): ClientHttp2Session {
      const session = connect(server.url, tls);
      session.on('error', () => {});
      sessions.push(session);
      return session;
    },
    /** One of many on a connection. */
    async http2(session: ClientHttp2Session): Promise<Readable> {
      const stream = session.request({ ':path': path + server.store.revision });
      stream.on('error', () => {});
      await once(stream, 'response');
      return stream;
    },
  };
  return {
    server,
    watchers,
    client: server.api.client({ name: 'root', groups: ['system:masters'] }),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      for (const session of sessions) session.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

function configMap(name: string, bytes = 0): ConfigMap {
  const data = { filler: 'x'.repeat(bytes) };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
}

/** Writes so many large objects, one after the other, and answers their versions. */
async function flood(client: KubeClient, count: number, bytes: number): Promise<string[]> {
  const versions: string[] = [];
  const { metadata } = await client.create(resources.configMaps, configMap('flood', bytes));
  versions.push(metadata.resourceVersion ?? '');
  for (let index = 1; index < count; index++) {
    const body = { data: { index: String(index) } };
    const changed = await client.patch(resources.configMaps, metadata, { type: 'merge', body });
    versions.push(changed.metadata.resourceVersion ?? '');
  }
  return versions;
}

interface Frame {
  type: string;
  object: { code?: number; reason?: string; metadata: { resourceVersion?: string } };
}

/** Everything that is still to come, once it is read. */
async function framesOf(stream: Readable): Promise<Frame[]> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as Frame);
}

test.each(['HTTP/1.1', 'HTTP/2'])(
  'over %s one that reads too late gets the beginning, then 410, and no gap',
  async (protocol) => {
    await using it = await fixture({ recentBytes: mebibyte });
    const { client, watchers } = it;
    const slow = protocol === 'HTTP/2' ? await watchers.http2(watchers.session()) : await watchers.http1();
    const versions = await flood(client, 120, 200_000);
    const frames = await framesOf(slow);
    const last = frames.pop();
    expect(last).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    expect(frames.map(({ object }) => object.metadata.resourceVersion)).toEqual(versions.slice(0, frames.length));
    expect(frames.length).toBeLessThan(versions.length);
  },
);

test('one that pauses within what is in memory goes on where it was', async () => {
  await using it = await fixture();
  const { client, server, watchers } = it;
  const paused = await watchers.http1();
  const versions = await flood(client, 100, 200_000);
  // Ends it in order, once all is told.
  const seen: string[] = [];
  let text = '';
  for await (const chunk of paused) {
    text += String(chunk);
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      seen.push((JSON.parse(text.slice(0, end)) as Frame).object.metadata.resourceVersion ?? '');
      text = text.slice(end + 1);
    }
    if (seen.length === versions.length) break;
  }
  expect(seen).toEqual(versions);
  expect(server.store.revision).toBe(Number(versions.at(-1)));
});

test('a reader in the process may stand still for a while, and is told when it was too long', async () => {
  await using it = await fixture({ recentEvents: 4000 });
  const { client, server } = it;
  const names = Array.from({ length: 100 }, (_, index) => `counter-${index}`);
  for (const name of names) await client.create(resources.configMaps, configMap(name));
  const touch = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const body = { data: { at: `${server.store.revision}` } };
      const touching = names.map((name) =>
        client.patch(resources.configMaps, { namespace: 'default', name }, { type: 'merge', body }),
      );
      await Promise.all(touching);
    }
  };
  const from = { namespace: 'default', resourceVersion: String(server.store.revision) };
  const patient = client.watch(resources.configMaps, from)[Symbol.asyncIterator]();
  const forgotten = client.watch(resources.configMaps, from)[Symbol.asyncIterator]();
  await touch(1);
  await Promise.all([patient.next(), forgotten.next()]);
  await touch(24);
  let last = 0;
  for (let read = 1; read < 2500; read++) {
    const { value } = await patient.next();
    const version = Number(value?.object.metadata.resourceVersion);
    expect(version).toBeGreaterThan(last);
    last = version;
  }
  await touch(50);
  const read = async () => {
    for (;;) await forgotten.next();
  };
  await expect(read()).rejects.toMatchObject({ code: 'Expired' });
  await patient.return?.(undefined);
});

test('one whose resource hardly changes has nothing read again for it, whatever is written of others', async () => {
  await using it = await fixture({ recentEvents: 100 });
  const { client, server } = it;
  const { metadata } = await client.create(resources.configMaps, configMap('calm'));
  const from = { namespace: 'default', resourceVersion: String(server.store.revision) };
  const calm = client.watch(resources.configMaps, from)[Symbol.asyncIterator]();
  const next = calm.next();
  const noise = Array.from({ length: 300 }, (_, index) =>
    client.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `noise-${index}`, namespace: 'default' },
    }),
  );
  await Promise.all(noise);
  const history = vi.spyOn(server.store, 'history');
  const body = { data: { calm: 'no more' } };
  const changed = await client.patch(resources.configMaps, metadata, { type: 'merge', body });
  expect((await next).value?.object.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
  expect(history).not.toHaveBeenCalled();
  await calm.return?.(undefined);
});

test('all of them together are bounded, and cost nobody else an event', async () => {
  await using it = await fixture({ recentBytes: 4 * mebibyte, unreadBytes: 8 * mebibyte });
  const { client, watchers } = it;
  const sessions = Array.from({ length: 4 }, () => watchers.session());
  const idle = await Promise.all([
    ...Array.from({ length: 100 }, () => watchers.http1()),
    ...Array.from({ length: 400 }, (_, index) => watchers.http2(sessions[index % 4] as ClientHttp2Session)),
  ]);
  const awake = [await watchers.http1(), await watchers.http2(watchers.session())];
  const seen = awake.map(() => [] as string[]);
  const reading = awake.map(async (stream, index) => {
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
        seen[index]?.push((JSON.parse(text.slice(0, end)) as Frame).object.metadata.resourceVersion ?? '');
        text = text.slice(end + 1);
      }
      if (seen[index]?.length === 80) return;
    }
  });
  const before = process.memoryUsage().rss;
  const versions: string[] = [];
  const { metadata } = await client.create(resources.configMaps, configMap('flood', 200_000));
  versions.push(metadata.resourceVersion ?? '');
  for (let index = 1; index < 80; index++) {
    const changed = await client.patch(resources.configMaps, metadata, {
      type: 'merge',
      body: { data: { n: `${index}` } },
    });
    versions.push(changed.metadata.resourceVersion ?? '');
    // Those who read are not to be told apart by luck: each has this event before the next one is written.
    await expect.poll(() => seen.every((list) => list.length > index), { interval: 1, timeout: 10_000 }).toBe(true);
  }
  await Promise.all(reading);
  expect(seen).toEqual([versions, versions]);
  // 500 × 16 MB, were it kept for each. The kernel's share, some megabytes for a connection, is not the process's.
  expect(process.memoryUsage().rss - before).toBeLessThan(800 * mebibyte);
  // The server has ended all who did not read, some with a last word and some without.
  for (const stream of idle) stream.resume();
  await expect.poll(() => idle.filter(({ closed }) => !closed).length, { timeout: 60_000 }).toBe(0);
}, 120_000);
