import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { BerthError } from '@berth/kube/errors';
import {
  backpressure,
  dataFrame,
  type Frame,
  frames,
  goAwayFrame,
  pingFrame,
  resetFrame,
  synStreamFrame,
} from '../../../../spdy/index.ts';

/**
 * The client's half of SPDY/3.1, as far as a CRI streaming server speaks it: streams that we open, data both ways,
 * half-close. Chosen over the server's WebSocket protocol because that cannot close a process's standard input alone.
 * Source: SPDY Protocol Draft 3.1; there is no flow control, since the servers' library ignores windows.
 */
export interface SpdyConnection {
  /** Header names in any case; the stream is usable at once. */
  open(headers: Record<string, string>): Duplex;
  /** Resolves when the connection is over, for whatever reason. */
  closed: Promise<void>;
  close(): void;
}

/** Upgrades a POST to the URL. Throws `ServiceUnavailable` or the server's own answer as `InternalError`. */
export async function dialSpdy(url: string, protocol: string): Promise<SpdyConnection> {
  const upgrade = request(url, {
    method: 'POST',
    agent: false,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'SPDY/3.1',
      'X-Stream-Protocol-Version': protocol,
      'Content-Length': '0',
    },
  });
  upgrade.end();
  return new Promise((resolve, reject) => {
    upgrade.on('upgrade', (_, socket: Socket, head) => resolve(connectionOver(socket, head)));
    upgrade.on('response', async (response) => {
      const text = (await response.toArray()).map(String).join('');
      reject(
        new BerthError('InternalError', `the runtime's streaming server answered ${response.statusCode}: ${text}`),
      );
    });
    upgrade.on('error', (cause) =>
      reject(new BerthError('ServiceUnavailable', `the runtime's streaming server: ${cause.message}`, { cause })),
    );
  });
}

function connectionOver(socket: Socket, head: Buffer): SpdyConnection {
  const streams = new Map<number, Duplex>();
  const parse = frames();
  const held = backpressure(socket);
  let nextId = 1;
  let firstHeaders = true;
  const ended = new WeakSet<Duplex>();

  const end = (stream: Duplex | undefined) => {
    if (!stream || ended.has(stream) || stream.destroyed) return;
    ended.add(stream);
    stream.push(null);
    held.release(stream);
  };
  const onFrame = (frame: Frame) => {
    if (frame.type === 'ping') socket.write(pingFrame(frame.id));
    else if (frame.type === 'go-away') socket.end();
    else {
      const stream = streams.get(frame.stream);
      // The servers reset a stream as soon as they have written all, so what came before must still be read.
      if (frame.type === 'reset') end(stream);
      else if (frame.type === 'data' && stream && !ended.has(stream)) {
        held.push(stream, frame.data);
        if (frame.fin) end(stream);
      }
    }
  };
  const onData = (chunk: Buffer) => {
    for (const frame of parse(chunk)) onFrame(frame);
  };
  if (head.length > 0) onData(head);
  socket.setNoDelay(true);
  socket.on('data', onData);
  const closed = once(socket, 'close').then(
    () => undefined,
    () => undefined,
  );
  socket.on('error', () => {});
  socket.on('close', () => {
    for (const stream of streams.values()) end(stream);
  });

  return {
    open(headers) {
      const id = nextId;
      nextId += 2;
      socket.write(synStreamFrame(id, headers, firstHeaders));
      firstHeaders = false;
      const stream = new Duplex({
        read: () => held.release(stream),
        write: (chunk: Buffer, _, done) => {
          if (socket.destroyed) done();
          else socket.write(dataFrame(id, chunk, false), () => done());
        },
        final: (done) => {
          if (socket.destroyed) done();
          else socket.write(dataFrame(id, Buffer.alloc(0), true), () => done());
        },
        destroy: (error, done) => {
          if (!socket.destroyed && !stream.readableEnded) socket.write(resetFrame(id));
          streams.delete(id);
          held.release(stream);
          done(error);
        },
        autoDestroy: false,
      });
      streams.set(id, stream);
      return stream;
    },
    closed,
    close() {
      if (!socket.destroyed) socket.end(goAwayFrame(nextId));
      socket.destroySoon();
    },
  };
}
