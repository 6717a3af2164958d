import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pod } from '@berth/kube/objects';
import { serveSpdy } from '../../spdy/index.ts';
import type { PodAccess } from './types.ts';

interface Pair {
  error?: Duplex;
  data?: Duplex;
  port: number;
}

/**
 * Forwards connections to a pod's ports. For each the client opens two streams with the same `requestid`: `data`, and
 * `error`, which carries a sentence when the port cannot be reached and is closed without a word otherwise.
 */
export function forwardPorts(transport: Duplex, access: PodAccess, pod: Pod): void {
  const pairs = new Map<string, Pair>();
  serveSpdy(transport, (headers, stream) => {
    const port = Number(headers.get('port'));
    const type = headers.get('streamtype');
    if (!Number.isInteger(port) || port < 1 || port > 65_535 || (type !== 'error' && type !== 'data')) {
      stream.destroy();
      return;
    }
    const id = headers.get('requestid') ?? String(port);
    const pair: Pair = pairs.get(id) ?? { port };
    pair[type] = stream;
    pairs.set(id, pair);
    if (pair.error && pair.data) {
      pairs.delete(id);
      void forward({ error: pair.error, data: pair.data, port: pair.port }, access, pod);
    }
  });
}

async function forward({ error, data, port }: Required<Pair>, access: PodAccess, pod: Pod): Promise<void> {
  error.resume();
  try {
    const target = await access.portForward(pod, port);
    target.on('error', () => {});
    data.on('close', () => target.destroy());
    // The pod may close while the client's half is still open, as HTTP servers do: what it said must arrive whole.
    data.pipe(target);
    await pipeline(target, data, { end: true });
    error.end();
  } catch (cause) {
    // A client that let go of its stream wants to hear nothing.
    if ((cause as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE') {
      error.end();
      return;
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    error.end(`error forwarding port ${port} to pod ${pod.metadata.name}: ${reason}`);
    data.destroy();
  }
}
