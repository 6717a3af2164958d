import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { serveSpdy } from '../../../../spdy/index.ts';
import { openProcess } from './process.ts';

/** A runtime's streaming server whose one process prints much, and whose exit is told after that was read. */
async function runtime(printed: Buffer, read: Promise<unknown>) {
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n` +
        `X-Stream-Protocol-Version: ${request.headers['x-stream-protocol-version']}\r\n\r\n`,
    );
    serveSpdy(socket, async (headers, stream) => {
      const type = headers.get('streamtype');
      if (type === 'stdout') stream.end(printed);
      if (type === 'stderr') stream.end();
      if (type !== 'error') return;
      await read;
      stream.end(JSON.stringify({ status: 'Success' }));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

it('the exit is told after output that filled the stream to its end', async () => {
  let wasRead = () => {};
  const read = new Promise<void>((resolve) => {
    wasRead = resolve;
  });
  await using server = await runtime(Buffer.alloc(200_000), read);
  const process = await openProcess(server.url, { stdin: false, stdout: true, stderr: true, tty: false });
  const [out, err] = await Promise.all([buffer(process.stdout as never), text(process.stderr as never)]);
  expect([out.length, err]).toEqual([200_000, '']);
  wasRead();
  expect(await process.exit).toBe(0);
  process.close();
});
