import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from './probe.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
});
afterAll(async () => await it[Symbol.asyncDispose]());

const configMaps = '/api/v1/namespaces/default/configmaps';

/** All answers to what is written, until the server ends the connection. */
async function answersTo(text: string): Promise<string> {
  const socket: TLSSocket = await it.socket();
  let received = '';
  socket.on('data', (chunk) => {
    received += String(chunk);
  });
  socket.write(text);
  await once(socket, 'close');
  return received;
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));

describe('an upgrade that nothing on its path takes is no upgrade', () => {
  const upgrades = ['h2c', 'websocket', 'foo', 'SPDY/3.1'];
  const paths = [configMaps, '/readyz', '/version', '/api', '/openapi/v3'];
  test.each(paths.flatMap((path) => upgrades.map((upgrade) => [path, upgrade])))(
    'GET %s to %s',
    async (path, upgrade) => {
      const one = `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`;
      // Whatever follows on the connection is not read: neither as a request nor as the rest of one.
      expect(statuses(await answersTo(one + one))).toEqual([200]);
    },
  );

  test.each(upgrades)('POST with a body to %s', async (upgrade) => {
    const name = `to-${upgrade.toLowerCase().replaceAll(/\W/g, '-')}`;
    const body = JSON.stringify({ metadata: { name } });
    const lines = [
      `POST ${configMaps} HTTP/1.1`,
      'Host: x',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Connection: Upgrade',
      `Upgrade: ${upgrade}`,
    ];
    expect(statuses(await answersTo(`${lines.join('\r\n')}\r\n\r\n${body}`))).toEqual([201]);
    expect((await it.send(`${configMaps}/${name}`)).status).toBe(200);
  });

  test('nor is a watch that is to become something else than a WebSocket', async () => {
    const lines = [
      `GET ${configMaps}?watch=true&timeoutSeconds=1 HTTP/1.1`,
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: foo',
    ];
    const answer = await answersTo(`${lines.join('\r\n')}\r\n\r\n`);
    expect(statuses(answer)).toEqual([200]);
    expect(answer).toContain('"type":"ADDED"');
  });
});

describe('a target in absolute form, as clients send it to a proxy', () => {
  const origin = 'https://kubernetes.example:6443';
  test.each([
    [`${origin}${configMaps}`, 200],
    [`${origin}${configMaps}?limit=1`, 200],
    [`http://x/readyz?verbose`, 200],
    [`${origin}/version`, 200],
    [`${origin}`, 200],
    [`${origin}?x=/api`, 200],
    [`${origin}/apis/nobody`, 404],
  ])('GET %s', async (target, status) => {
    const answer = await answersTo(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(statuses(answer)).toEqual([status]);
  });
});
