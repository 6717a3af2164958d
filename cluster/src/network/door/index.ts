import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './protocol.ts';

/** The way into another network namespace: connections that this process has, and that are opened there. */
export interface Door {
  /** Opens a TCP connection. Rejects as a socket that cannot connect, with its `code`; after 10 s with ETIMEDOUT. */
  dial(to: { host: string; port: number }): Promise<Socket>;
  close(): void;
}

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * A door into the namespace of this file (`/run/netns/…`). A namespace is a thread's, and ours are not to be had from JavaScript: a small
 * process in there connects, and passes the socket itself on. It starts with the first question, and again when it died.
 */
export function openDoor(namespace: string): Door {
  const waiting = new Map<number, PromiseWithResolvers<Socket>>();
  let other: ChildProcess | undefined;
  let next = 0;
  let closed = false;

  function start(): ChildProcess {
    const args = [`--net=${namespace}`, '--', process.execPath, '--max-old-space-size=32', program];
    const child = spawn('nsenter', args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    // It must not keep alive a process that has nothing else to do.
    child.unref();
    child.channel?.unref();
    const ended = (why: string) => {
      if (other === child) other = undefined;
      for (const { reject } of waiting.values()) reject(new Error(`the way into ${namespace} is closed: ${why}`));
      waiting.clear();
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(`its process ended (${signal ?? code})`));
    child.on('message', ({ id, error }: Answer, socket) => {
      const one = waiting.get(id);
      waiting.delete(id);
      if (socket instanceof Socket) {
        if (one) one.resolve(socket);
        else socket.destroy();
      } else one?.reject(Object.assign(new Error(error?.message ?? 'the connection was lost'), { code: error?.code }));
    });
    return child;
  }

  return {
    async dial({ host, port }) {
      if (closed) throw new Error(`the way into ${namespace} is closed`);
      other ??= start();
      const id = next++;
      const connection = Promise.withResolvers<Socket>();
      waiting.set(id, connection);
      const question: Question = { id, host, port };
      // What cannot be sent any more is answered by the end of the process.
      other.send(question, () => {});
      return connection.promise;
    },
    close() {
      closed = true;
      other?.disconnect();
    },
  };
}
