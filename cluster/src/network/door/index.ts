import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './protocol.ts';

/** The way into another network namespace: connections that this process has, and that are opened there. */
export interface Door {
  /** Opens a TCP connection. Rejects as a socket that cannot connect, with its `code`; after 10 s with ETIMEDOUT. */
  dial(to: { host: string; port: number }): Promise<Socket>;
  /**
   * Listens in there, on the port or any free one when that is taken, until the door is closed; answers the port. Connections are handed to
   * `accept`. Rejects when it cannot listen on that address.
   */
  listen(at: { host: string; port: number }, accept: (socket: Socket) => void): Promise<number>;
  close(): void;
}

interface Listener {
  at: { host: string; port: number };
  accept(socket: Socket): void;
  /** Until it listens for the first time. */
  started: PromiseWithResolvers<number>;
}

/** After the process in there died it is started again as soon. */
const restartMs = 1000;

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * A door into the namespace of this file (`/run/netns/…`). A namespace is a thread's, and ours are not to be had from JavaScript: a small
 * process in there connects, and passes the socket itself on. It starts with the first question, and again when it died.
 */
export function openDoor(namespace: string): Door {
  const waiting = new Map<number, PromiseWithResolvers<Socket>>();
  const listeners = new Map<number, Listener>();
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
      if (listeners.size > 0 && !closed) setTimeout(reopen, restartMs).unref();
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(`its process ended (${signal ?? code})`));
    child.on('message', ({ id, error, port }: Answer, socket) => {
      const listener = listeners.get(id);
      if (listener) {
        if (socket instanceof Socket) return listener.accept(socket);
        return heard(listener, { ...(error ? { error } : {}), ...(port === undefined ? {} : { port }) });
      }
      const one = waiting.get(id);
      waiting.delete(id);
      if (socket instanceof Socket) {
        if (one) one.resolve(socket);
        else socket.destroy();
      } else one?.reject(Object.assign(new Error(error?.message ?? 'the connection was lost'), { code: error?.code }));
    });
    return child;
  }

  /** A port that was given once is asked for again, for others know it. */
  function heard(listener: Listener, { error, port }: Omit<Answer, 'id'>): void {
    if (port !== undefined) {
      listener.at = { ...listener.at, port };
      listener.started.resolve(port);
    } else
      listener.started.reject(Object.assign(new Error(error?.message ?? 'it does not listen'), { code: error?.code }));
  }

  function ask(question: Question): void {
    other ??= start();
    // What cannot be sent any more is answered by the end of the process.
    other.send(question, () => {});
  }

  function reopen(): void {
    if (closed) return;
    for (const [id, { at }] of listeners) ask({ id, ...at, listen: true });
  }

  return {
    listen(at, accept) {
      const id = next++;
      const started = Promise.withResolvers<number>();
      listeners.set(id, { at, accept, started });
      ask({ id, ...at, listen: true });
      return started.promise;
    },
    async dial({ host, port }) {
      if (closed) throw new Error(`the way into ${namespace} is closed`);
      const id = next++;
      const connection = Promise.withResolvers<Socket>();
      waiting.set(id, connection);
      ask({ id, host, port });
      return connection.promise;
    },
    close() {
      closed = true;
      other?.disconnect();
    },
  };
}
