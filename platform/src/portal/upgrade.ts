import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { kubernetesTarget } from './paths.ts';
import type { PortalUser } from './types.ts';
import type { Upstream } from './upstream.ts';

const handshakeHeaders = ['sec-websocket-key', 'sec-websocket-version'];

export interface UpgradeCall {
  request: IncomingMessage;
  socket: Duplex;
  head: Buffer;
  user: PortalUser;
  signal: AbortSignal;
}

/**
 * Passes a WebSocket through, byte for byte, after the handshake: exec, attach, port-forward. Sub-protocols are
 * limited to Kubernetes' channels, so that a script cannot smuggle a bearer token in one.
 */
export async function passUpgrade(upstream: Upstream, call: UpgradeCall): Promise<void> {
  const { request, socket, head } = call;
  const target = kubernetesTarget(request.url ?? '/');
  const headers: Record<string, string> = { connection: 'Upgrade', upgrade: 'websocket' };
  for (const name of handshakeHeaders) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const protocols = String(request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => /^(v\d\.)?(base64\.)?channel\.k8s\.io$/.test(protocol));
  if (protocols.length > 0) headers['sec-websocket-protocol'] = protocols.join(', ');
  const outgoing = await upstream.open({ method: 'GET', target, headers }, call.user, call.signal);
  outgoing.on('upgrade', (answer, remote, firstBytes) => {
    const lines = Object.entries(answer.headers)
      .filter(([name]) => ['connection', 'upgrade'].includes(name) || name.startsWith('sec-websocket-'))
      .map(([name, value]) => `${name}: ${String(value)}`);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    if (firstBytes.length > 0) socket.write(firstBytes);
    if (head.length > 0) remote.write(head);
    join(socket, remote, call.signal);
  });
  outgoing.on('response', (answer) => {
    refuse(socket, answer.statusCode ?? 502);
    answer.destroy();
  });
  outgoing.on('error', () => refuse(socket, 503));
  socket.on('close', () => outgoing.destroy());
  outgoing.end();
}

/** Ends a handshake with a bare status. */
export function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function join(one: Duplex, other: Duplex, signal: AbortSignal): void {
  const end = () => {
    one.destroy();
    other.destroy();
  };
  for (const side of [one, other]) side.on('error', end).on('close', end);
  signal.addEventListener('abort', end, { once: true });
  one.pipe(other).pipe(one);
}
