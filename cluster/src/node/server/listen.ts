import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { KubeClient } from '@berth/kube/client';
import type { Logger } from 'pino';
import type { NodeAnswer } from '../../api/nodes/index.ts';
import { attributesOf, callerOf, isAllowed } from './authorize.ts';

export interface AgentServerOptions {
  node: string;
  /** The address to listen on. */
  host: string;
  /** PEM texts. `clientCa` signs certificates of users. */
  tls: { cert: string; key: string; clientCa: string };
  /** Is asked who may. */
  client: Pick<KubeClient, 'create'>;
  answer(path: string): Promise<NodeAnswer>;
  /** Listens in another network than this process's until it is closed, and hands over what connects; answers the port. */
  listen?(at: { host: string; port: number }, accept: (socket: Socket) => void): Promise<AgentServer>;
  logger: Logger;
}

export interface AgentServer {
  port: number;
  close(): void;
}

/** Kubelet's own. */
const usualPort = 10_250;

/**
 * The agent's port, where monitoring reads what the node and its pods use. Everybody shows who he is, by certificate or token, and may
 * what RBAC grants him on the subresources of the Node. It is 10250, or any free one when that is taken: the Node tells which.
 */
export async function startAgentServer(options: AgentServerOptions): Promise<AgentServer> {
  const { cert, key, clientCa } = options.tls;
  const tls = { cert, key, ca: clientCa, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' } as const;
  const server = createServer(tls, (request, response) => {
    serve(options, request, response).catch((error) => {
      options.logger.warn({ err: error }, 'a request to the agent of the node failed');
      if (response.headersSent) response.destroy();
      else send(response, plain(500, 'Internal Error\n'));
    });
  });
  // A client that speaks no TLS concerns nobody else.
  server.on('tlsClientError', () => {});
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  const { listen, host } = options;
  if (listen) {
    const outside = await listen({ host, port: usualPort }, (socket) => void server.emit('connection', socket));
    return {
      port: outside.port,
      close() {
        outside.close();
        close();
      },
    };
  }
  const tried = async (port: number): Promise<number> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen({ host, port }, resolve);
    await promise.finally(() => server.off('error', reject));
    return (server.address() as AddressInfo).port;
  };
  const port = await tried(usualPort).catch(() => tried(0));
  server.on('error', (error) => options.logger.warn({ err: error }, 'the port of the node does not answer'));
  server.unref();
  return { port, close };
}

async function serve(
  { node, client, answer }: AgentServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  request.resume();
  const caller = await callerOf(client, request.socket as TLSSocket, request.headers.authorization);
  if (!caller) return send(response, plain(401, 'Unauthorized'));
  const path = new URL(url, 'https://node').pathname;
  const attributes = attributesOf(method, path);
  if (!(await isAllowed(client, caller, attributes, node))) {
    const { verb, subresources } = attributes;
    const what = `user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(' ')}]`;
    return send(response, plain(403, `Forbidden (${what})\n`));
  }
  if (method !== 'GET') return send(response, plain(405, '405: Method Not Allowed'));
  send(response, await answer(url));
}

const plain = (code: number, body: string): NodeAnswer => ({ code, type: 'text/plain; charset=utf-8', body });

function send(response: ServerResponse, { code, type, body }: NodeAnswer): void {
  response.writeHead(code, { 'content-type': type });
  response.end(body);
}
