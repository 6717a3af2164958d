import { Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { BerthError } from '@berth/kube/errors';
import { dialSpdy } from './spdy.ts';

/**
 * One connection to a port inside a sandbox, prepared by CRI's `PortForward` at the URL. Closing it closes the port's
 * side; an error that the runtime reports (nobody listens, say) destroys the stream with it.
 */
export async function openPort(url: string, port: number): Promise<Duplex> {
  const connection = await dialSpdy(url, 'portforward.k8s.io');
  const headers = { port: String(port), requestID: '0' };
  const errors = connection.open({ ...headers, streamType: 'error' });
  errors.end();
  const data = connection.open({ ...headers, streamType: 'data' });
  const failure = text(errors);
  // The runtime says what went wrong beside the data, which just ends.
  async function* received() {
    yield* data;
    const message = await failure;
    connection.close();
    if (message !== '') throw new BerthError('ServiceUnavailable', message);
  }
  const forwarded = Duplex.from({ readable: Readable.from(received(), { objectMode: false }), writable: data });
  // The runtime keeps the connection for further streams: with one stream, its end is the connection's.
  forwarded.on('close', () => connection.close());
  return forwarded;
}
