import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { EncryptionControl, Machines } from '@berth/cluster';
import { BerthError, errorFromStatus, type Status, statusOf } from '@berth/kube/errors';

/** What the running program does for the same user's other commands. */
export interface ControlHandlers {
  /** A new one-time link. */
  signInLink(): string;
  /** Imports an archive, an absolute path, into every node. */
  importImage(file: string): Promise<void>;
  /** Absent where Berth runs no nodes. */
  machines?: Machines;
  /** Absent where Berth keeps no objects. */
  encryption?: EncryptionControl;
}

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * The running program's door: HTTP on a unix socket that only its owner may open.
 * `POST /sign-in-link` answers `{ link }`; `POST /images` takes `{ file }`; `POST /nodes` answers `{ nodes }`, and
 * `/nodes/stop` and `/nodes/start` take `{ name }`; `POST /secrets`, `/secrets/rotate` and `/secrets/rewrite` answer what `EncryptionControl`
 * says. Errors are `Status` objects.
 */
export async function serveControl(socketPath: string, handlers: ControlHandlers): Promise<ControlServer> {
  rmSync(socketPath, { force: true });
  const server = createServer(async (incoming, response) => {
    response.setHeader('content-type', 'application/json');
    try {
      response.end(JSON.stringify(await answer(incoming, handlers)));
    } catch (error) {
      const status = statusOf(error);
      response.statusCode = status.code;
      response.end(JSON.stringify(status));
    }
  });
  // The socket is made with its final mode: nobody else can connect in a moment between.
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(mask);
  }
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(incoming: IncomingMessage, handlers: ControlHandlers): Promise<unknown> {
  const call = `${incoming.method} ${incoming.url}`;
  if (call === 'POST /sign-in-link') return { link: handlers.signInLink() };
  if (call === 'POST /images') {
    const { file } = JSON.parse(await textOf(incoming)) as { file: string };
    await handlers.importImage(file);
    return {};
  }
  if (incoming.method === 'POST' && incoming.url?.startsWith('/nodes')) return aboutNodes(incoming, handlers.machines);
  if (call === 'POST /secrets') return encryptionOf(handlers).status();
  if (call === 'POST /secrets/rotate') return encryptionOf(handlers).rotate();
  if (call === 'POST /secrets/rewrite') return encryptionOf(handlers).rewrite();
  if (call === 'POST /secrets/discard') {
    const { key = '' } = JSON.parse(await textOf(incoming)) as { key?: string };
    await encryptionOf(handlers).discard(key);
    return {};
  }
  throw new BerthError('NotFound', `there is no ${call}`);
}

function encryptionOf({ encryption }: ControlHandlers): EncryptionControl {
  if (encryption) return encryption;
  throw new BerthError('BadRequest', 'this Berth serves a cluster that runs elsewhere: its Secrets are not kept here');
}

async function aboutNodes(incoming: IncomingMessage, machines: Machines | undefined): Promise<unknown> {
  if (!machines)
    throw new BerthError('BadRequest', 'this Berth serves a cluster that runs elsewhere: its nodes are not here');
  const { name = '' } = JSON.parse(await textOf(incoming)) as { name?: string };
  if (incoming.url === '/nodes/stop') await machines.stop(name);
  else if (incoming.url === '/nodes/start') await machines.start(name);
  else if (incoming.url !== '/nodes') throw new BerthError('NotFound', `there is no ${incoming.url}`);
  return { nodes: machines.list() };
}

/**
 * Calls the running instance. `ServiceUnavailable` when it does not answer; otherwise the error that it gave.
 */
export function callControl<T>(socketPath: string, path: string, body: unknown = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: 'POST', path }, async (response) => {
      try {
        const content = JSON.parse(await textOf(response)) as T & Partial<Status>;
        const { statusCode = 500 } = response;
        if (statusCode >= 400) reject(errorFromStatus(content, statusCode));
        else resolve(content);
      } catch (error) {
        reject(error);
      }
    });
    outgoing.on('error', (cause) => {
      const message = `the running Berth does not answer (${cause.message}): see "berth logs"`;
      reject(new BerthError('ServiceUnavailable', message, { cause }));
    });
    outgoing.end(JSON.stringify(body));
  });
}

async function textOf(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
