import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resources } from '../objects/index.ts';
import { clientFromKubeconfig, remoteClient } from './index.ts';

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no address');
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const event = (name: string) =>
  `${JSON.stringify({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Pod', metadata: { name } } })}\n`;

describe('watch', () => {
  test('chunks may end anywhere, inside a character too', async () => {
    const names = ['訂單服務', 'plain', '🚢🚢', 'x'.repeat(5000)];
    const bytes = Buffer.from(names.map(event).join(''));
    await using server = await serve((_request, response) => {
      let at = 0;
      const next = () => {
        if (at >= bytes.length) return response.end();
        const size = at < 400 ? 1 : 997;
        response.write(bytes.subarray(at, at + size));
        at += size;
        setImmediate(next);
      };
      next();
    });
    const client = remoteClient({ server: server.url });
    const seen: string[] = [];
    for await (const each of client.watch(resources.pods)) seen.push(each.object.metadata.name);
    expect(seen).toEqual(names);
    await client.close();
  });

  test('an ERROR event is the error it stands for, and an abort simply ends', async () => {
    const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    await using server = await serve((request, response) => {
      if (request.url?.includes('resourceVersion=1')) response.end(JSON.stringify({ type: 'ERROR', object: gone }));
      else response.write(event('first'));
    });
    const client = remoteClient({ server: server.url });
    const read = async () => {
      for await (const _ of client.watch(resources.pods, { resourceVersion: '1' }));
    };
    await expect(read()).rejects.toMatchObject({ code: 'Expired', message: 'too old resource version' });
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const each of client.watch(resources.pods, { signal: abort.signal })) {
      seen.push(each.object.metadata.name);
      abort.abort();
    }
    expect(seen).toEqual(['first']);
    await client.close();
  });

  test('a connection that breaks inside an event is a retryable error, not an event', async () => {
    await using server = await serve((_request, response) => {
      response.write(event('whole') + event('half').slice(0, 20), () => response.destroy());
    });
    const client = remoteClient({ server: server.url });
    const seen: string[] = [];
    const read = async () => {
      for await (const each of client.watch(resources.pods)) seen.push(each.object.metadata.name);
    };
    await expect(read()).rejects.toMatchObject({ code: 'ServiceUnavailable', retryable: true });
    expect(seen).toEqual(['whole']);
    await client.close();
  });
});

describe('errors', () => {
  test('a server that is not there is ServiceUnavailable', async () => {
    const client = remoteClient({ server: 'https://127.0.0.1:1' });
    await expect(client.list(resources.pods)).rejects.toMatchObject({ code: 'ServiceUnavailable', retryable: true });
    await client.close();
  });

  test('what is no Status keeps its text and its meaning; Retry-After is kept', async () => {
    await using server = await serve((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).end('slow down');
    });
    const client = remoteClient({ server: server.url });
    await expect(client.get(resources.pods, { namespace: 'a', name: 'b' })).rejects.toMatchObject({
      code: 'TooManyRequests',
      message: 'slow down',
      details: { retryAfterSeconds: 7 },
    });
    await client.close();
  });

  test('an aborted call rejects with the reason of the abort', async () => {
    await using server = await serve(() => undefined);
    const client = remoteClient({ server: server.url });
    const abort = new AbortController();
    const call = client.list(resources.pods, { signal: abort.signal });
    abort.abort(new Error('no longer needed'));
    await expect(call).rejects.toThrow('no longer needed');
    await client.close();
  });
});

test('connections are the caller’s own where he opens them, and an answer that does not begin in time is an error', async () => {
  const asked: object[] = [];
  await using server = await serve((request, response) => {
    if (!request.url?.includes('silent')) response.end(JSON.stringify({ metadata: { name: 'there' } }));
  });
  const { port } = new URL(server.url);
  const client = remoteClient({
    server: 'http://nowhere.invalid:77',
    timeout: 1000,
    async dial(to) {
      asked.push(to);
      const socket = connect({ host: '127.0.0.1', port: Number(port) });
      await once(socket, 'connect');
      return socket;
    },
  });
  const got = await client.get(resources.pods, { namespace: 'a', name: 'b' });
  expect(got.metadata.name).toBe('there');
  expect(asked).toEqual([{ host: 'nowhere.invalid', port: 77 }]);
  const silent = client.get(resources.pods, { namespace: 'a', name: 'silent' });
  await expect(silent).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  await client.close();

  const failing = remoteClient({ server: server.url, dial: () => Promise.reject(new Error('no way out')) });
  await expect(failing.list(resources.pods)).rejects.toThrow(/Cannot reach the API server at .*: no way out/);
  await failing.close();
});

test('items of typed lists get their type back', async () => {
  await using server = await serve((_request, response) => {
    response.end(
      JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [{ metadata: { name: 'a' } }] }),
    );
  });
  const client = remoteClient({ server: server.url });
  expect((await client.list(resources.pods)).items).toEqual([
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
  ]);
  await client.close();
});

describe('kubeconfig', () => {
  async function kubeconfig(user: unknown, server: string) {
    const directory = await mkdtemp(join(tmpdir(), 'berth-kubeconfig-'));
    const file = join(directory, 'config');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'one',
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    };
    await writeFile(file, JSON.stringify(config));
    return { file, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
  }

  const echo = (request: IncomingMessage, response: ServerResponse) =>
    response.end(JSON.stringify({ kind: 'Pod', metadata: { name: request.headers.authorization } }));

  test('tokens, passwords and exec plugins become the right header', async () => {
    await using server = await serve(echo);
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'made' },
    };
    const exec = {
      apiVersion: credential.apiVersion,
      command: process.execPath,
      args: ['-e', `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    };
    for (const [user, header] of [
      [{ token: 'abc' }, 'Bearer abc'],
      [{ username: 'u', password: 'p' }, `Basic ${btoa('u:p')}`],
      [{ exec }, 'Bearer made'],
    ]) {
      await using config = await kubeconfig(user, server.url);
      const client = await clientFromKubeconfig(config.file);
      expect(client.namespace).toBe('shop');
      const got = await client.get(resources.pods, { namespace: 'a', name: 'b' });
      expect(got.metadata.name).toBe(header);
      await client.close();
    }
  });

  test('a missing file or context is told in one sentence', async () => {
    await expect(clientFromKubeconfig('/nonexistent/config')).rejects.toThrow(/Cannot read the kubeconfig/);
    await using config = await kubeconfig({ token: 'abc' }, 'http://127.0.0.1:1');
    await expect(clientFromKubeconfig(config.file, 'other')).rejects.toThrow(/has no context "other" \(it has: one\)/);
  });
});
