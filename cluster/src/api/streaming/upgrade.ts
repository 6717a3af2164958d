import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { statusOf } from '@berth/kube/errors';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Call, isTrue } from '../call.ts';
import { badRequest, unknownPath } from '../faults.ts';
import type { Request } from '../http/body.ts';
import { callOf, type HandlerParts } from '../http/handle.ts';
import { queryOf, targetOf } from '../http/route.ts';
import { carryProcess, channelProtocols } from './channels.ts';
import { accessTo, containerOf, type PodAccessHolder, podOf } from './pod.ts';
import type { ProcessOptions } from './types.ts';

type UpgradeParts = Pick<HandlerParts, 'pipeline' | 'authenticator'> & { holder: PodAccessHolder };
/** Begins to use the socket once the protocol has been agreed on. */
type Carry = (socket: WebSocket) => Promise<void>;

interface Stream {
  protocols: readonly string[];
  carry: Carry;
}

/** Turns requests for exec, attach and port-forward into WebSockets. Errors are Status answers before the upgrade. */
export function upgradeHandler(parts: UpgradeParts) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 4 * 1024 * 1024, perMessageDeflate: false });
  return async (request: Request, socket: Duplex, head: Buffer): Promise<void> => {
    try {
      const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
      const target = targetOf(path);
      if (!target) throw unknownPath();
      const call = await callOf(parts, request, target, queryOf(search));
      const stream = await streamOf(parts, call, new URLSearchParams(search));
      const protocol = agreed(request, stream.protocols);
      // The server would answer with the client's first protocol, known or not: only the one agreed on may remain.
      request.headers['sec-websocket-protocol'] = protocol;
      sockets.handleUpgrade(request as IncomingMessage, socket, head, (open) => void stream.carry(open));
    } catch (error) {
      refuse(socket, error);
    }
  };
}

async function streamOf({ pipeline, holder }: UpgradeParts, call: Call, query: URLSearchParams): Promise<Stream> {
  const name = call.subresource?.name;
  if (call.kind.description.resource !== 'pods' || (name !== 'exec' && name !== 'attach')) throw unknownPath();
  const pod = await podOf(pipeline.machinery, call);
  const access = accessTo(holder, pod);
  const options = processOptions(call, containerOf(pod, call.options.get('container')));
  const command = query.getAll('command');
  if (name === 'exec' && command.length === 0)
    throw badRequest('you must specify at least one command for the container');
  const start = () => (name === 'exec' ? access.exec(pod, command, options) : access.attach(pod, options));
  return { protocols: channelProtocols, carry: (socket) => carryProcess(socket, start) };
}

function processOptions(call: Call, container: string): ProcessOptions {
  const flag = (name: string) => isTrue(call.options.get(name) ?? 'false');
  const options = { container, stdin: flag('stdin'), stdout: flag('stdout'), stderr: flag('stderr'), tty: flag('tty') };
  if (!options.stdin && !options.stdout && !options.stderr) {
    throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  }
  // With a terminal there is one output.
  return options.tty ? { ...options, stderr: false } : options;
}

function agreed(request: Request, served: readonly string[]): string {
  if (String(request.headers.upgrade).toLowerCase() !== 'websocket') {
    throw badRequest(`unable to upgrade: only WebSocket is served, not ${String(request.headers.upgrade)}`);
  }
  const offered = String(request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((protocol) => protocol.trim());
  const found = served.find((protocol) => offered.includes(protocol));
  if (found === undefined) throw badRequest(`unable to upgrade: sub-protocols served are ${served.join(', ')}`);
  return found;
}

function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  const body = JSON.stringify(status);
  socket.end(
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? ''}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
