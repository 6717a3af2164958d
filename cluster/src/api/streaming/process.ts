import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { statusOf } from '@berth/kube/errors';
import type { WebSocket } from 'ws';
import type { SpdyServerConnection } from '../../spdy/index.ts';
import type { ProcessOptions, ProcessSession } from './types.ts';

/** The first byte of each message. Source: `k8s.io/apimachinery/pkg/util/remotecommand`, KEP-4006. */
const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 };
/** Beyond it the process waits for the network. */
const unsentBytes = 1024 * 1024;
/** For the client to open the streams that its request announced. */
const openingTime = 30_000;

/** Joins a process to a WebSocket of `v4.channel.k8s.io` or `v5.channel.k8s.io`; both end with the process. */
export function overWebSocket(socket: WebSocket, session: ProcessSession): void {
  socket.on('message', (data: Buffer, binary) => {
    if (!binary || data.length === 0) return;
    const content = data.subarray(1);
    if (data[0] === channel.stdin && session.stdin && !session.stdin.destroyed) {
      if (!session.stdin.write(content)) pauseUntilDrained(socket, session.stdin);
    } else if (data[0] === channel.resize) resize(session, content);
    else if (data[0] === channel.close && content[0] === channel.stdin) session.stdin?.end();
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => session.close());
  session.stdin?.on('error', () => {});

  const send = (to: number, content: Buffer | string) => {
    const message = Buffer.concat([Buffer.from([to]), Buffer.from(content)]);
    return new Promise<void>((resolve) => socket.send(message, { binary: true }, () => resolve()));
  };
  const copy = async (from: Readable | undefined, to: number) => {
    if (!from) return;
    for await (const chunk of from) {
      const sent = send(to, chunk as Buffer);
      if (socket.bufferedAmount > unsentBytes) await sent;
    }
  };
  void (async () => {
    await Promise.all([copy(session.stdout, channel.stdout), copy(session.stderr, channel.stderr)]).catch(() => {});
    await send(channel.error, JSON.stringify(await outcome(session)));
    socket.close(1000);
  })();
}

/** Joins a process to the streams of an SPDY connection (`v4.channel.k8s.io`), told apart by their `streamtype`. */
export function overSpdy(
  serve: (onStream: (headers: ReadonlyMap<string, string>, stream: Duplex) => void) => SpdyServerConnection,
  options: ProcessOptions,
  session: ProcessSession,
): void {
  const wanted = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => options[name])];
  const streams = new Map<string, Duplex>();
  let complete = () => {};
  const opened = new Promise<void>((resolve) => {
    complete = resolve;
  });
  const connection = serve((headers, stream) => {
    const type = headers.get('streamtype') ?? '';
    streams.set(type, stream);
    if (type === 'resize') readSizes(stream, session);
    if (wanted.every((name) => streams.has(name))) complete();
  });
  const patience = setTimeout(() => connection.close(), openingTime);
  void connection.closed.then(() => {
    clearTimeout(patience);
    session.close();
  });
  void (async () => {
    await opened;
    clearTimeout(patience);
    const stdin = streams.get('stdin');
    if (stdin && session.stdin) void pipeline(stdin, session.stdin).catch(() => {});
    const copy = async (from: Readable | undefined, to: Duplex | undefined) => {
      if (from && to) await pipeline(from, to).catch(() => {});
    };
    await Promise.all([copy(session.stdout, streams.get('stdout')), copy(session.stderr, streams.get('stderr'))]);
    const errors = streams.get('error');
    errors?.end(JSON.stringify(await outcome(session)));
    if (errors) await once(errors, 'finish').catch(() => {});
    connection.close();
  })();
}

async function outcome(session: ProcessSession): Promise<unknown> {
  try {
    return { metadata: {}, ...(await session.status) };
  } catch (error) {
    return statusOf(error);
  }
}

function pauseUntilDrained(socket: WebSocket, stdin: NonNullable<ProcessSession['stdin']>): void {
  socket.pause();
  const go = () => {
    stdin.off('drain', go);
    stdin.off('close', go);
    socket.resume();
  };
  stdin.on('drain', go);
  stdin.on('close', go);
}

/** `{"Width":80,"Height":24}`; what is not that is passed over. */
function resize(session: ProcessSession, content: Buffer): void {
  let size: { Width?: unknown; Height?: unknown };
  try {
    size = JSON.parse(content.toString('utf8')) as typeof size;
  } catch {
    return;
  }
  const { Width: width, Height: height } = size ?? {};
  if (isSide(width) && isSide(height)) session.resize({ width, height });
}

function isSide(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}

/** The sizes follow one another in the stream without a separator; each is a flat object. */
function readSizes(stream: Duplex, session: ProcessSession): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    rest += chunk.toString('utf8');
    for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
      resize(session, Buffer.from(rest.slice(0, end + 1)));
      rest = rest.slice(end + 1);
    }
    if (rest.length > 1024) rest = '';
  });
}
