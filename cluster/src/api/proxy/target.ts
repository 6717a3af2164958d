import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Opens a TCP connection. */
export type Dial = (address: { host: string; port: number }) => Socket;

/** Where a request goes on to. */
export interface ProxyTarget {
  host: string;
  port: number;
  /** As it is written in the request: escaped, with the query. */
  path: string;
  /** Over TLS; undefined for plain HTTP. */
  tls?: ProxyTls | undefined;
  /** Set in the request that is sent, in the place of what the client has sent under these names. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
  /** What the client's path has before the target's: redirects are to lead there again. */
  prefix?: string;
}

export interface ProxyTls {
  /** The name that the certificate must bear; not checked when `insecure`. */
  servername?: string;
  /** PEM. Default: the system's authorities. */
  ca?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
}

export const dialTcp: Dial = ({ host, port }) => connect({ host, port, noDelay: true });

/** A connection to the target, TLS included; failures are its `error` event. */
export function connectTo({ host, port, tls }: ProxyTarget, dial: Dial): Socket {
  const socket = dial({ host, port });
  if (!tls) return socket;
  const { servername, ca, cert, key, insecure = false } = tls;
  const secure = connectTls({
    socket,
    rejectUnauthorized: !insecure,
    ALPNProtocols: ['http/1.1'],
    ...(servername === undefined ? {} : { servername }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
  // What happens to the connection below happens to the one above it.
  socket.on('error', (error) => secure.destroy(error));
  secure.on('close', () => socket.destroy());
  return secure;
}
