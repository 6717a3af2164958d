import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { constants, createDeflate } from 'node:zlib';
import { expect, it } from 'vitest';
import { headerDictionary } from './headers.ts';
import { dataFrame, frames, serveSpdy, synStreamFrame } from './index.ts';

it('has the dictionary of the specification', () => {
  // Its Adler-32, as every compressor that is primed with it announces it.
  let [low, high] = [1, 0];
  for (const byte of headerDictionary()) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  expect((high * 65_536 + low).toString(16)).toBe('e3c6a7c2');
});

/** A client's header blocks, compressed with the dictionary as Go's spdystream does. */
function compressor() {
  const deflate = createDeflate({ dictionary: headerDictionary(), flush: constants.Z_SYNC_FLUSH });
  return async (headers: Record<string, string>): Promise<Buffer> => {
    const entries = Object.entries(headers);
    const parts: Buffer[] = [];
    const word = (value: number) => {
      const buffer = Buffer.alloc(4);
      buffer.writeUInt32BE(value);
      parts.push(buffer);
    };
    word(entries.length);
    for (const side of entries.flat()) {
      word(Buffer.byteLength(side));
      parts.push(Buffer.from(side));
    }
    await new Promise<void>((resolve) => deflate.write(Buffer.concat(parts), () => resolve()));
    return deflate.read() as Buffer;
  };
}

function synStream(id: number, block: Buffer): Buffer {
  const header = Buffer.alloc(18);
  header.writeUInt16BE(0x8003, 0);
  header.writeUInt16BE(1, 2);
  header.writeUIntBE(block.length + 10, 5, 3);
  header.writeUInt32BE(id, 8);
  return Buffer.concat([header, block]);
}

it('reads compressed headers of several streams, in pieces of any size, and half-closes', async () => {
  const [client, server] = duplexPair();
  const seen: string[] = [];
  serveSpdy(server, async (headers, stream) => {
    const body = await text(stream);
    seen.push(`${headers.get('streamtype')}:${headers.get('port')}:${body}`);
    stream.end(`echo ${body}`);
  });
  const compress = compressor();
  const bytes = Buffer.concat([
    synStream(1, await compress({ streamType: 'error', port: '80' })),
    synStream(3, await compress({ streamType: 'data', port: '80' })),
    dataFrame(3, Buffer.from('hello'), true),
    dataFrame(1, Buffer.alloc(0), true),
  ]);
  const parse = frames();
  const answers = new Map<number, string>();
  const ended = new Set<number>();
  const done = new Promise<void>((resolve) => {
    client.on('data', (chunk: Buffer) => {
      for (const frame of parse(chunk)) {
        if (frame.type !== 'data') continue;
        answers.set(frame.stream, (answers.get(frame.stream) ?? '') + frame.data.toString());
        if (frame.fin) ended.add(frame.stream);
      }
      if (ended.has(1) && ended.has(3)) resolve();
    });
  });
  for (let at = 0; at < bytes.length; at += 7) client.write(bytes.subarray(at, at + 7));
  await done;
  expect(seen.sort()).toEqual(['data:80:hello', 'error:80:']);
  expect(answers.get(3)).toBe('echo hello');
});

it('ends the connection when headers are damaged', async () => {
  const [client, server] = duplexPair();
  const connection = serveSpdy(server, () => {});
  client.on('error', () => {});
  client.write(synStream(1, Buffer.from('this is not compressed')));
  client.resume();
  await connection.closed;
  expect(server.destroyed).toBe(true);
});

it('reads the blocks that our own client stores', async () => {
  const [client, server] = duplexPair();
  const opened = new Promise<ReadonlyMap<string, string>>((resolve) =>
    serveSpdy(server, (headers) => resolve(headers)),
  );
  client.write(synStreamFrame(1, { streamType: 'stdin' }, true));
  expect((await opened).get('streamtype')).toBe('stdin');
  client.destroy();
  await once(client, 'close');
});

it.each(['read to its end', 'given up'])('is read on after a stream that was filled and %s', async (how) => {
  const [client, server] = duplexPair();
  const [first, second] = [Promise.withResolvers<Duplex>(), Promise.withResolvers<string>()];
  serveSpdy(server, async (headers, stream) => {
    if (headers.get('streamtype') === 'first') first.resolve(stream);
    else second.resolve(await text(stream));
  });
  client.resume();
  client.write(
    Buffer.concat([synStreamFrame(1, { streamType: 'first' }, true), dataFrame(1, Buffer.alloc(200_000), true)]),
  );
  const stream = await first.promise;
  await once(stream, 'readable');
  if (how === 'given up') stream.destroy();
  else expect(await buffer(stream)).toHaveLength(200_000);
  client.write(synStreamFrame(3, { streamType: 'second' }, false));
  client.write(dataFrame(3, Buffer.from('still heard'), true));
  expect(await second.promise).toBe('still heard');
  client.destroy();
});
