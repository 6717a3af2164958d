import { chmodSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { BerthError } from '@berth/kube/errors';

/**
 * The running program's door for the same user's other commands: HTTP on a unix socket that only its owner may open.
 * `POST /sign-in-link` answers a new one-time link.
 */
export interface ControlServer {
  close(): Promise<void>;
}

export async function serveControl(socketPath: string, handlers: { signInLink(): string }): Promise<ControlServer> {
  rmSync(socketPath, { force: true });
  const server = createServer((incoming, response) => {
    if (incoming.method === 'POST' && incoming.url === '/sign-in-link') {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ link: handlers.signInLink() }));
      return;
    }
    response.statusCode = 404;
    response.end();
  });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Asks the running instance for a new one-time sign-in link. `ServiceUnavailable` when it does not answer. */
export function requestSignInLink(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: 'POST', path: '/sign-in-link', timeout: 5000 }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve((JSON.parse(body) as { link: string }).link));
    });
    outgoing.on('error', (cause) =>
      reject(
        new BerthError('ServiceUnavailable', `the running Berth does not answer (${cause.message}): see "berth logs"`, {
          cause,
        }),
      ),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.end();
  });
}
