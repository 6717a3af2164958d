import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Answer, Question } from './protocol.ts';

/** The way into another network namespace: connections that this process has, and that are opened there. */
export interface Door {
  /** Opens a TCP connection. Rejects as a socket that cannot connect, with its `code`; after 10 s with ETIMEDOUT. */
  dial(to: { host: string; port: number }): Promise<Socket>;
  /**
   * Listens in there, on the port or any free one when that is taken, until it or the door is closed. Connections are handed to `accept`.
   * Should the way in break, it listens on the same port again. Rejects when it cannot listen on that address.
   */
  listen(at: { host: string; port: number }, accept: (socket: Socket) => void): Promise<Listener>;
  close(): void;
}

export interface Listener {
  port: number;
  close(): void;
}

interface Listening {
  at: { host: string; port: number };
  accept(socket: Socket): void;
  /** Until it listens for the first time. */
  started: PromiseWithResolvers<number>;
  /** Its port is known to others: it must be that one again. */
  known: boolean;
}

/** After the process in there died it is started again as soon; a port that is taken is tried again as often. */
const restartMs = 1000;

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

/**
 * A door into the namespace of this file (`/run/netns/…`). A namespace is a thread's, and ours are not to be had from JavaScript: a small
 * process in there connects, and passes the socket itself on. It starts with the first question, and again when it died.
 */
export function openDoor(namespace: string): Door {
  const waiting = new Map<number, PromiseWithResolvers<Socket>>();
  const listeners = new Map<number, Listening>();
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
      // A process that could not be started may say so twice.
      if (other !== child) return;
      other = undefined;
      const closing = new Error(`the way into ${namespace} is closed: ${why}`);
      for (const { reject } of waiting.values()) reject(closing);
      waiting.clear();
      for (const [id, { known, started }] of listeners) {
        if (known) later(id);
        else started.reject(closing);
      }
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(`its process ended (${signal ?? code})`));
    child.on('message', ({ id, error, port }: Answer, handle) => {
      const socket = handle instanceof Socket ? handle : undefined;
      // Until somebody has it, and whatever becomes of it: a connection that breaks is its own affair.
      socket?.on('error', () => {});
      const listener = listeners.get(id);
      const one = waiting.get(id);
      waiting.delete(id);
      if (socket) {
        if (listener) listener.accept(socket);
        else if (one) one.resolve(socket);
        else socket.destroy();
      } else if (listener && port !== undefined) {
        listener.at = { ...listener.at, port };
        listener.known = true;
        listener.started.resolve(port);
      } else if (listener && error) {
        if (listener.known) later(id);
        else listener.started.reject(asError(error));
      } else one?.reject(asError(error ?? { message: 'the connection was lost' }));
    });
    return child;
  }

  function ask(question: Question): void {
    other ??= start();
    // What cannot be sent any more is answered by the end of the process.
    other.send(question, () => {});
  }

  function later(id: number): void {
    setTimeout(() => {
      const listener = listeners.get(id);
      if (listener && !closed) ask({ id, ...listener.at, listen: 'there' });
    }, restartMs).unref();
  }

  return {
    async listen(at, accept) {
      if (closed) throw new Error(`the way into ${namespace} is closed`);
      const id = next++;
      const listener: Listening = { at, accept, started: Promise.withResolvers<number>(), known: false };
      listeners.set(id, listener);
      ask({ id, ...at, listen: 'somewhere' });
      const close = () => {
        if (listeners.delete(id)) other?.send({ id, end: true } satisfies Question, () => {});
      };
      try {
        return { port: await listener.started.promise, close };
      } catch (error) {
        close();
        throw error;
      }
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

const asError = ({ code, message }: { code?: string; message: string }) => Object.assign(new Error(message), { code });
