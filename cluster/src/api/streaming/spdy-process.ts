import { once } from 'node:events';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { statusOf } from '@berth/kube/errors';
import { serveSpdy } from '../../spdy/index.ts';
import { resize } from './channels.ts';
import type { ProcessOptions, ProcessSession } from './types.ts';

/** For the client to open the streams that its request announced. */
const openingTimeMs = 30_000;

/** Carries a process over SPDY (`v4.channel.k8s.io`): the client opens a stream each, told apart by `streamtype`. */
export async function carrySpdyProcess(
  transport: Duplex,
  options: ProcessOptions,
  start: () => Promise<ProcessSession>,
): Promise<void> {
  const wanted = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter((name) => options[name])];
  const streams = new Map<string, Duplex>();
  const opened = Promise.withResolvers<void>();
  let session: ProcessSession | undefined;
  const connection = serveSpdy(transport, (headers, stream) => {
    const type = headers.get('streamtype') ?? '';
    streams.set(type, stream);
    if (type === 'resize') readSizes(stream, (size) => session && resize(session, size));
    if (wanted.every((name) => streams.has(name))) opened.resolve();
  });
  const patience = setTimeout(() => connection.close(), openingTimeMs);
  void connection.closed.then(() => {
    clearTimeout(patience);
    session?.close();
    opened.resolve();
  });
  await opened.promise;
  clearTimeout(patience);
  const errors = streams.get('error');
  if (!errors || transport.destroyed) return;
  try {
    session = await start();
    const stdin = streams.get('stdin');
    if (stdin && session.stdin) void pipeline(stdin, session.stdin).catch(() => {});
    await Promise.all([copy(session.stdout, streams.get('stdout')), copy(session.stderr, streams.get('stderr'))]);
    errors.end(JSON.stringify({ metadata: {}, ...(await session.status) }));
  } catch (error) {
    errors.end(JSON.stringify(statusOf(error)));
  }
  // The client may be gone already; otherwise it reads the outcome before the connection ends.
  await once(errors, 'finish').catch(() => {});
  connection.close();
}

async function copy(from: Readable | undefined, to: Duplex | undefined): Promise<void> {
  if (from && to) await pipeline(from, to).catch(() => {});
}

/** The sizes follow one another without a separator; each is a flat object. */
function readSizes(stream: Duplex, found: (size: Buffer) => void): void {
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    rest += chunk.toString('utf8');
    for (let end = rest.indexOf('}'); end >= 0; end = rest.indexOf('}')) {
      found(Buffer.from(rest.slice(0, end + 1)));
      rest = rest.slice(end + 1);
    }
    // Not sizes: nothing that anybody must keep.
    if (rest.length > 1024) rest = '';
  });
}
