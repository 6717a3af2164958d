import { on, once } from 'node:events';
import { type ConfigMap, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
beforeAll(async () => {
  server = await startTestApi();
});
afterAll(async () => await server[Symbol.asyncDispose]());

const client = () => server.api.client({ name: 'root', groups: ['system:masters'] });

function open(query: string, headers: Record<string, string> = {}): WebSocket {
  const { authority, admin } = server.certificates;
  const url = `${server.url.replace('https', 'wss')}/api/v1/namespaces/default/configmaps?${query}`;
  return new WebSocket(url, { ca: authority.cert, cert: admin.cert, key: admin.key, headers });
}

interface Message {
  type: string;
  object: { kind: string; metadata: { name: string }; data?: { text: string }; code?: number };
}

/** From now on: also what comes before somebody asks. */
function messages(socket: WebSocket): AsyncGenerator<Message> {
  const received = on(socket, 'message', { close: ['close'] });
  return (async function* () {
    for await (const [data, isBinary] of received) {
      expect(isBinary).toBe(false);
      yield JSON.parse(String(data)) as Message;
    }
  })();
}

const configMap = (name: string, text: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'default', name },
  data: { text },
});

test('a watch goes over a WebSocket as a text message an event, the largest whole', async () => {
  const socket = open('watch=true&fieldSelector=metadata.name=w');
  const seen = messages(socket);
  await once(socket, 'open');
  const long = 'ö\n'.repeat(200_000);
  await client().create(resources.configMaps, configMap('w', long));
  await client().patch(
    resources.configMaps,
    { namespace: 'default', name: 'w' },
    { type: 'merge', body: { data: { text: 'short' } } },
  );
  await client().delete(resources.configMaps, { namespace: 'default', name: 'w' });
  const events: Message[] = [];
  for await (const event of seen) if (events.push(event) === 3) break;
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  expect(events[0]?.object.data?.text === long).toBe(true);
  expect(events[1]?.object.data?.text).toBe('short');
  socket.close();
  await once(socket, 'close');
});

test('a watch over a WebSocket ends in order at its time', async () => {
  const socket = open('watch=true&timeoutSeconds=1');
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1000);
});

test.each([
  ['watch=true', 'nobody', 403],
  ['watch=true&labelSelector=a(', 'root', 400],
])('%s as %s is refused with %i before the upgrade', async (query, name, code) => {
  const headers = name === 'root' ? {} : { 'impersonate-user': name };
  const socket = open(query, headers);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(code);
  socket.on('error', () => {});
  socket.terminate();
});
