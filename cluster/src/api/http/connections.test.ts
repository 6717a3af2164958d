import { once } from 'node:events';
import { constants } from 'node:http2';
import { expect, test, vi } from 'vitest';
import { memoryStore } from '../../store/index.ts';
import { ObjectStorage } from '../storage/object-storage.ts';
import { answerOf, probe } from './probe.ts';

const path = '/api/v1/namespaces/default/configmaps';
const head = (more: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}\r\n\r\n`;
const body = JSON.stringify({ metadata: { name: 'made' } });

/** All that comes until the other side ends the connection. */
async function received(socket: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

test('a body that does not come in time is given up, and the connection with it', async () => {
  await using it = await probe({ requests: { bodyMs: 100 } });
  const socket = await it.socket();
  socket.write(head(`Content-Length: ${body.length}\r\nConnection: close`));
  socket.write(body.slice(0, 10));
  // So slowly that it would take minutes.
  const drip = setInterval(() => socket.write(' '), 50);
  try {
    const answer = await received(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(answer).toContain('the body did not arrive in time');
  } finally {
    clearInterval(drip);
  }
  const stream = it.session().request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
  stream.on('error', () => {});
  stream.write(body.slice(0, 10));
  expect((await answerOf(stream)).status).toBe(504);
});

test('a body that waits because this process has other work is not late', async () => {
  await using it = await probe({ requests: { bodyMs: 300 } });
  const socket = await it.socket();
  socket.write(head(`Content-Length: ${body.length}\r\nConnection: close`));
  socket.write(body.slice(0, 10));
  for (let round = 0; round < 10; round++) {
    const until = performance.now() + 100;
    while (performance.now() < until);
    await new Promise(setImmediate);
  }
  socket.write(body.slice(10));
  expect(await received(socket)).toMatch(/^HTTP\/1\.1 201 /);
});

test('bodies on their way hold so much memory together and no more', async () => {
  await using it = await probe({ requests: { bodyBytes: 1024 * 1024 } });
  const slow = Array.from({ length: 8 }, async () => {
    const socket = await it.socket();
    socket.write(head(`Content-Length: ${400_000}`));
    socket.write(Buffer.alloc(300_000, 0x20));
    return socket;
  });
  const sockets = await Promise.all(slow);
  const first = await Promise.race(sockets.map(async (socket) => String((await once(socket, 'data'))[0])));
  expect(first).toMatch(/^HTTP\/1\.1 429 /);
  expect(first).toMatch(/\r\nretry-after: 1\r\n/i);
  for (const socket of sockets) socket.destroy();
  // What they held is free again.
  await expect.poll(async () => (await it.post(path, body.padEnd(900_000))).status).toBe(201);
});

test('a client that closes its half before it has its answer is let go, and nobody else is', async () => {
  await using it = await probe();
  const socket = await it.socket();
  socket.end(`${head(`Content-Length: ${body.length}`)}${body}`);
  // As Go's server does, which takes it for a client that has gone away.
  expect(await received(socket)).toMatch(/^(?:HTTP\/1\.1 201 |$)/);
  expect([201, 409]).toContain((await it.post(path, body)).status);
});

test('a client that goes away in the middle of a request leaves nothing behind', async () => {
  await using it = await probe();
  for (let cut = 0; cut < 20; cut++) {
    const socket = await it.socket();
    const whole = head(`Content-Length: ${body.length}`) + body;
    socket.write(whole.slice(0, Math.floor((whole.length * cut) / 20)));
    if (cut % 2 === 0) socket.destroy();
    else socket.end();
  }
  const stream = it.session().request({ ':method': 'POST', ':path': path, 'content-type': 'application/json' });
  stream.on('error', () => {});
  stream.write(body.slice(0, 10), () => stream.close(constants.NGHTTP2_CANCEL));
  await once(stream, 'close');
  expect((await it.send(`${path}/made`)).status).toBe(404);
});

test('a write whose client has gone away is done or not done, never by half', async () => {
  const store = memoryStore();
  await using it = await probe({ store });
  const socket = await it.socket();
  const before = store.revision;
  socket.write(`${head(`Content-Length: ${body.length}`)}${body}`, () => socket.destroy());
  await once(socket, 'close');
  const again = await it.post(path, body);
  expect([201, 409]).toContain(again.status);
  const read = await it.send(`${path}/made`);
  expect(read.json.metadata.name).toBe('made');
  expect(Number(read.json.metadata.resourceVersion)).toBeGreaterThan(before);
});

test('streams that are reset as soon as they are opened cost nobody else an answer', async () => {
  await using it = await probe();
  for (let round = 0; round < 5; round++) {
    const session = it.session();
    for (let count = 0; count < 1000; count++) {
      if (session.destroyed) break;
      const stream = session.request({ ':path': `${path}?watch=true` });
      stream.on('error', () => {});
      stream.close(constants.NGHTTP2_CANCEL);
    }
    expect((await it.send('/readyz')).status).toBe(200);
    session.destroy();
  }
  expect((await it.post(path, body)).status).toBe(201);
});

test('connections that say nothing, or nonsense, cost nobody else an answer', async () => {
  await using it = await probe();
  const idle = await Promise.all(Array.from({ length: 100 }, () => it.socket()));
  expect((await it.send('/readyz')).status).toBe(200);
  const nonsense = [
    'GET\r\n\r\n',
    '\0\0\0\0',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `GET ${path} HTTP/9.9\r\n\r\n`,
    `GET ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `${head('Transfer-Encoding: chunked')}zz\r\n`,
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n`,
    `GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(5000)}`,
  ];
  for (const text of nonsense) {
    const socket = await it.socket();
    socket.write(text);
    socket.end();
    const answer = await received(socket).catch(() => '');
    expect([text.slice(0, 20), /^(?:|HTTP\/1\.1 [45]\d\d )/.test(answer)]).toEqual([text.slice(0, 20), true]);
  }
  expect((await it.send('/readyz')).status).toBe(200);
  for (const socket of idle) expect(socket.destroyed).toBe(false);
});

test('nothing is said about what cannot be read in the middle of an answer, nor in place of one', async () => {
  await using it = await probe();
  const told = async (text: string, more: string) => {
    const socket = await it.socket();
    let answer = '';
    socket.on('data', (chunk) => {
      answer += String(chunk);
      if (more !== '') socket.write(more);
    });
    socket.write(text);
    await once(socket, 'close');
    return answer;
  };
  const nonsense = 'nonsense\r\n\r\n';
  const watch = await told(`GET ${path}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`, nonsense);
  expect(watch).toMatch(/^HTTP\/1\.1 200 /);
  expect(watch).not.toContain('HTTP/1.1 400 ');
  const write = `${head(`Content-Length: ${body.length}`)}${body}`;
  expect(await told(write + nonsense, '')).not.toContain('HTTP/1.1 400 ');
  // Here it is what is to be answered.
  expect(await told(`${head('Transfer-Encoding: chunked')}zz\r\n`, '')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await told(nonsense, '')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a watch whose client closes its half or goes away is over', async () => {
  await using it = await probe();
  const watch = `GET ${path}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`;
  const halves = await it.socket();
  halves.write(watch);
  await once(halves, 'data');
  halves.end();
  await once(halves, 'close');
  const gone = await it.socket();
  gone.write(watch);
  await once(gone, 'data');
  gone.destroy();
  expect((await it.post(path, body)).status).toBe(201);
});

test('a long request may follow a long answer on the same connection', async () => {
  await using it = await probe();
  const put = async (at: number) => {
    const data = { text: `${at}${'x'.repeat(900_000)}` };
    const text = JSON.stringify({ metadata: { name: 'long' }, data });
    const { status } = await it.send(`${path}/long`, {
      method: 'PUT',
      body: text,
      headers: { 'content-type': 'application/json' },
    });
    return status;
  };
  await it.post(path, '{"metadata":{"name":"long"}}');
  for (let at = 0; at < 5; at++) expect(await put(at)).toBe(200);
  // What was sent before the answer is read is read after it.
  const socket = await it.socket();
  const body = JSON.stringify({ metadata: { name: 'long' }, data: { text: 'y'.repeat(900_000) } });
  const request = (more: string) =>
    `PUT ${path}/long HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(`${request('').repeat(4)}${request('Connection: close\r\n')}`);
  expect((await received(socket)).split('HTTP/1.1 200 ')).toHaveLength(6);
});

test('methods that nobody knows are refused, and counted as one', async () => {
  await using it = await probe();
  const session = it.session();
  for (const method of ['AAAA', 'BBBB', "X'Y"]) {
    const stream = session.request({ ':method': method, ':path': '/version' });
    expect((await answerOf(stream)).status).toBe(405);
  }
  const { body: metrics } = await it.send('/metrics');
  expect(metrics.match(/verb="[^"]*other[^"]*".*code="405"/gi)).not.toBeNull();
  expect(metrics).not.toMatch(/aaaa|bbbb|x'y/i);
});

test('headers may have what kube-apiserver takes; more is 431, or ends nothing but its own stream', async () => {
  await using it = await probe();
  const values = (count: number) =>
    `labelSelector=a+in+(${Array.from({ length: count }, (_, at) => `v${at}`).join(',')})`;
  expect((await it.send(`${path}?${values(20_000)}`)).status).toBe(200);
  const refused = await it.socket();
  refused.write(`GET /readyz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(1_200_000)}\r\n\r\n`);
  expect(await received(refused)).toMatch(/^HTTP\/1\.1 431 /);
  const session = it.session();
  const watch = session.request({ ':path': `${path}?watch=true` });
  await once(watch, 'response');
  // Below 64 KiB each, which is what one header may have in HTTP/2.
  const many = session.request({ ':path': '/readyz', 'x-a': 'a'.repeat(60_000), 'x-b': 'b'.repeat(60_000) });
  expect((await answerOf(many)).status).toBe(200);
  expect(watch.closed).toBe(false);
});

test('lists that are asked for and given up at once are not worked out', async () => {
  await using it = await probe();
  const socket = await it.socket(['h2']);
  const frame = (type: number, flags: number, stream: number, payload: Buffer) => {
    const header = Buffer.alloc(9);
    header.writeUIntBE(payload.length, 0, 3);
    header.writeUIntBE((type << 8) | flags, 3, 2);
    header.writeUInt32BE(stream, 5);
    return Buffer.concat([header, payload]);
  };
  const literal = (name: number, value: string) => Buffer.from([name, value.length, ...Buffer.from(value)]);
  // GET and https by their numbers in HPACK's table, then path and authority.
  const headers = Buffer.concat([Buffer.from([0x82, 0x87]), literal(0x04, path), literal(0x01, 'x')]);
  const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL]);
  const [headersFrame, resetFrame, settingsFrame, atOnce] = [1, 3, 4, 5];
  const pairs = Array.from({ length: 500 }, (_, at) => 1 + 2 * at).flatMap((stream) => [
    frame(headersFrame, atOnce, stream, headers),
    frame(resetFrame, 0, stream, cancel),
  ]);
  const last = frame(headersFrame, atOnce, 1001, headers);
  const lists = vi.spyOn(ObjectStorage.prototype, 'list');
  try {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.concat([preface, frame(settingsFrame, 0, 0, Buffer.alloc(0)), ...pairs, last]));
    const asked = () => lists.mock.calls.filter(([prefix]) => prefix.includes('/configmaps/')).length;
    await expect.poll(asked).toBeGreaterThan(0);
    // But for those that came in two pieces.
    expect(asked()).toBeLessThan(50);
  } finally {
    lists.mockRestore();
  }
});
