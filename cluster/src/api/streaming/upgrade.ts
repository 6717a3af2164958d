import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { statusOf } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { admitConnection } from '../admission/connect.ts';
import { type Call, isTrue } from '../call.ts';
import { badRequest, unknownPath } from '../faults.ts';
import { TooManyRequests } from '../flowcontrol/index.ts';
import { callOf, type HandlerParts, userFor } from '../http/handle.ts';
import { negotiate } from '../http/negotiate.ts';
import type { Request } from '../http/read-body.ts';
import { recordFailure } from '../http/recording.ts';
import { exchangeOf } from '../http/requester.ts';
import { queryOf, targetOf, verbOf } from '../http/route.ts';
import { carryWatch } from '../http/watch-stream.ts';
import { attributesOf } from '../pipeline.ts';
import type { ObjectProxy } from '../proxy/index.ts';
import { type ChannelProtocol, carryProcess, channelProtocols } from './channels.ts';
import { logOf } from './log.ts';
import { carryLog, logProtocols } from './log-socket.ts';
import { accessTo, containerOf, type PodAccessHolder, podOf } from './pod.ts';
import { forwardPorts } from './port-forward.ts';
import { carrySpdyProcess } from './spdy-process.ts';
import type { PodAccess, ProcessOptions, ProcessSession } from './types.ts';
import { MessageBody } from './watch-socket.ts';

type UpgradeParts = Pick<HandlerParts, 'pipeline' | 'authenticator' | 'flows' | 'tables' | 'unread' | 'aggregated'> & {
  holder: PodAccessHolder;
  proxy: ObjectProxy;
};

/** What is to be carried once the client and we have agreed on a protocol. */
interface Stream {
  webSocketProtocols: readonly string[];
  overWebSocket(socket: WebSocket, protocol: string): Promise<void>;
  spdyProtocols: readonly string[];
  overSpdy(socket: Duplex): Promise<void>;
}

/**
 * Whether a request that wants to become a stream may: one that is carried further, and a watch or a log by WebSocket. As in
 * Kubernetes, all others are answered as if they wanted nothing.
 */
export function isUpgrade(
  { pipeline, aggregated }: Pick<HandlerParts, 'pipeline' | 'aggregated'>,
  request: Request,
): boolean {
  const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
  if (aggregated(path)) return true;
  try {
    const target = targetOf(path);
    if (!target) return false;
    const { subresource } = pipeline.resolve(target);
    if (subresource?.connect) return true;
    if (String(request.headers.upgrade).toLowerCase() !== 'websocket') return false;
    return subresource?.name === 'log' || verbOf(request.method ?? 'GET', target, queryOf(search)) === 'watch';
  } catch {
    // What is wrong with it is said by whoever answers it.
    return false;
  }
}

/**
 * Turns requests for exec, attach and port-forward into streams, by WebSocket or SPDY/3.1, and those for watches and logs
 * by WebSocket. Refuses with a Status.
 */
export function upgradeHandler(parts: UpgradeParts) {
  const server = new WebSocketServer({ noServer: true, maxPayload: 4 * 1024 * 1024, perMessageDeflate: false });
  const agreements = new WeakMap<object, string>();
  server.on('headers', (headers, request) => {
    const agreement = agreements.get(request);
    if (agreement !== undefined) headers.push(`Sec-WebSocket-Protocol: ${agreement}`);
  });
  return async (request: Request, socket: Duplex, head: Buffer): Promise<void> => {
    const exchange = exchangeOf(request);
    const switching = () => exchange.record?.started(101);
    try {
      const [path = '/', search = ''] = (request.url ?? '/').split('?', 2);
      const asked = { path, target: targetOf(path), options: queryOf(search) };
      socket.once('close', () => exchange.record?.completed(0));
      const elsewhere = parts.aggregated(path);
      if (elsewhere) {
        const user = await userFor(parts, request, asked, exchange, socket);
        switching();
        return await elsewhere.upgrade(request, socket, head, user);
      }
      const { target } = asked;
      if (!target) throw unknownPath();
      const call = await callOf(parts, request, { ...asked, target }, exchange, socket);
      const upgrade = String(request.headers.upgrade).toLowerCase();
      if (call.verb === 'watch' && upgrade === 'websocket') {
        const start = await watchOf(parts, call, request);
        const offered = offeredBy(request.headers['sec-websocket-protocol']);
        if (offered.length === 1) agreements.set(request, offered[0] as string);
        delete request.headers['sec-websocket-protocol'];
        switching();
        server.handleUpgrade(request as IncomingMessage, socket, head, start);
        return;
      }
      if (call.subresource?.name === 'log' && upgrade === 'websocket') {
        const offered = request.headers['sec-websocket-protocol'];
        const protocol = offered === undefined ? undefined : agreed(offered, logProtocols);
        const aborted = new AbortController();
        socket.on('close', () => aborted.abort());
        const logs = await logOf({ machinery: parts.pipeline.machinery, holder: parts.holder }, call, aborted.signal);
        if (!logs) return void socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
        if (protocol !== undefined) agreements.set(request, protocol);
        delete request.headers['sec-websocket-protocol'];
        switching();
        server.handleUpgrade(request as IncomingMessage, socket, head, (open) => void carryLog(open, logs, protocol));
        return;
      }
      if (call.subresource?.connect && call.subresource.name === 'proxy') {
        switching();
        return await parts.proxy.upgrade(call, request, socket, head);
      }
      // A WebSocket begins as GET; what it opens is no reading (as kube-apiserver since 1.35).
      parts.pipeline.authorize(call.user, attributesOf(target, call.kind, 'create'), call.record);
      const stream = await streamOf(parts, call, new URLSearchParams(search));
      if (upgrade === 'websocket') {
        const protocol = agreed(request.headers['sec-websocket-protocol'], stream.webSocketProtocols);
        agreements.set(request, protocol);
        // `SPDY/3.1+portforward.k8s.io` is no token, on which the library insists: the header is ours to answer.
        delete request.headers['sec-websocket-protocol'];
        switching();
        server.handleUpgrade(
          request as IncomingMessage,
          socket,
          head,
          (open) => void stream.overWebSocket(open, protocol),
        );
      } else if (upgrade === 'spdy/3.1') {
        const protocol = agreed(request.headers['x-stream-protocol-version'], stream.spdyProtocols);
        switching();
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
            `X-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
        );
        if (head.length > 0) socket.unshift(head);
        await stream.overSpdy(socket);
      } else throw badRequest(`unable to upgrade: ${upgrade} is not served`);
    } catch (error) {
      recordFailure(exchange, error);
      refuse(socket, error);
    } finally {
      exchange.seat?.done();
    }
  };
}

/** Accepts a watch; what it answers begins it. */
async function watchOf(parts: UpgradeParts, call: Call, request: Request): Promise<(socket: WebSocket) => void> {
  const representation = negotiate(request.headers.accept);
  const answer = await parts.pipeline.run(call);
  if (answer.type !== 'watch') throw unknownPath();
  return (socket) => carryWatch(parts, call, answer.source, new MessageBody(socket), representation);
}

async function streamOf({ pipeline, holder }: UpgradeParts, call: Call, asked: URLSearchParams): Promise<Stream> {
  const { group, resource } = call.kind.description;
  const name = call.subresource?.name;
  if (group !== '' || resource !== 'pods' || !call.subresource?.connect) throw unknownPath();
  const query = await admitConnection(pipeline.machinery, call, asked);
  call.options = queryOf(query.toString());
  const pod = await podOf(pipeline.machinery, call);
  const access = accessTo(holder, pod);
  if (name === 'portforward') return portForward(access, pod);
  const options = processOptions(call, containerOf(pod, call.options.get('container')));
  const command = query.getAll('command');
  if (name === 'exec' && command.length === 0)
    throw badRequest('you must specify at least one command for the container');
  return remoteProcess(options, () =>
    name === 'exec' ? access.exec(pod, command, options) : access.attach(pod, options),
  );
}

function portForward(access: PodAccess, pod: Pod): Stream {
  return {
    webSocketProtocols: ['SPDY/3.1+portforward.k8s.io'],
    async overWebSocket(socket) {
      const transport = createWebSocketStream(socket);
      transport.on('error', () => transport.destroy());
      forwardPorts(transport, access, pod);
    },
    spdyProtocols: ['portforward.k8s.io'],
    async overSpdy(socket) {
      forwardPorts(socket, access, pod);
    },
  };
}

function remoteProcess(options: ProcessOptions, start: () => Promise<ProcessSession>): Stream {
  return {
    webSocketProtocols: channelProtocols,
    overWebSocket: (socket, protocol) => carryProcess(socket, protocol as ChannelProtocol, start),
    spdyProtocols: ['v4.channel.k8s.io'],
    overSpdy: (socket) => carrySpdyProcess(socket, options, start),
  };
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

/** The first protocol that is served among those a header offers, which may come several times or as a list. */
function agreed<Protocol extends string>(header: string | string[] | undefined, served: readonly Protocol[]): Protocol {
  const offered = offeredBy(header);
  const found = served.find((protocol) => offered.includes(protocol));
  if (found === undefined) throw badRequest(`unable to upgrade: sub-protocols served are ${served.join(', ')}`);
  return found;
}

function offeredBy(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((line) => line.split(',').map((protocol) => protocol.trim()));
}

function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  const [type, body] =
    error instanceof TooManyRequests
      ? ['text/plain; charset=utf-8', `${error.text}\n`]
      : ['application/json', JSON.stringify(status)];
  const { retryAfterSeconds: after } = status.details ?? {};
  socket.end(
    `HTTP/1.1 ${status.code} ${STATUS_CODES[status.code] ?? ''}\r\ncontent-type: ${type}\r\n` +
      (after === undefined ? '' : `retry-after: ${after}\r\n`) +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
