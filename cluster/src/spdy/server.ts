import { Duplex } from 'node:stream';
import { backpressure } from './backpressure.ts';
import { dataFrame, type Frame, frames, goAwayFrame, pingFrame, resetFrame, synReplyFrame } from './frames.ts';
import { HeaderReader } from './headers.ts';

export interface SpdyServerConnection {
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;
  close(): void;
}

/** Beyond it the other side's streams are refused: clients open five for a process, two for a forwarded connection. */
const mostStreams = 512;

/**
 * The server's half of SPDY/3.1 over a transport that was upgraded. Each stream that the client opens is handed on with
 * its headers (names in lower case); ending it half-closes, destroying it resets. What the client sends faster than it is
 * read holds up the transport.
 */
export function serveSpdy(
  transport: Duplex,
  onStream: (headers: ReadonlyMap<string, string>, stream: Duplex) => void,
): SpdyServerConnection {
  const streams = new Map<number, Duplex>();
  const reader = new HeaderReader();
  const parse = frames();
  const held = backpressure(transport);
  let firstReply = true;
  let lastStream = 0;

  const send = (frame: Buffer, done: () => void = () => {}) => {
    if (transport.destroyed || transport.writableEnded) done();
    else transport.write(frame, () => done());
  };
  const open = async (id: number, block: Buffer, fin: boolean) => {
    const headers = await reader.read(block);
    if (streams.size >= mostStreams) return send(resetFrame(id));
    lastStream = id;
    const stream = new Duplex({
      read: () => held.release(stream),
      write: (chunk: Buffer, _, done) => send(dataFrame(id, chunk, false), done),
      final: (done) => send(dataFrame(id, Buffer.alloc(0), true), done),
      destroy: (error, done) => {
        if (error || !stream.writableFinished) send(resetFrame(id));
        streams.delete(id);
        held.release(stream);
        done(null);
      },
    });
    stream.on('error', () => {});
    streams.set(id, stream);
    send(synReplyFrame(id, firstReply));
    firstReply = false;
    if (fin) stream.push(null);
    onStream(headers, stream);
  };
  const handle = async (frame: Frame) => {
    switch (frame.type) {
      case 'open':
        return open(frame.stream, frame.headers, frame.fin);
      case 'ping':
        return send(pingFrame(frame.id));
      case 'go-away':
        return void transport.end();
      case 'reset':
        return void streams.get(frame.stream)?.destroy();
      case 'data': {
        const stream = streams.get(frame.stream);
        if (!stream || stream.readableEnded) return;
        held.push(stream, frame.data);
        if (!frame.fin) return;
        stream.push(null);
        held.release(stream);
      }
    }
  };

  // Headers are inflated asynchronously, and nothing may overtake the frame that opens its stream.
  let chain = Promise.resolve();
  transport.on('data', (chunk: Buffer) => {
    const found = parse(chunk);
    chain = chain.then(async () => {
      for (const frame of found) await handle(frame);
    });
    chain.catch((error) => transport.destroy(error as Error));
  });
  transport.on('error', () => {});
  const closed = new Promise<void>((resolve) => {
    transport.once('close', () => {
      for (const stream of streams.values()) stream.destroy();
      reader.close();
      resolve();
    });
  });
  return {
    closed,
    close: () => {
      if (transport.destroyed) return;
      transport.end(goAwayFrame(lastStream));
    },
  };
}
