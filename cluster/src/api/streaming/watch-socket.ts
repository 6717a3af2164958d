import { Writable } from 'node:stream';
import type { WebSocket } from 'ws';

const newline = 0x0a;

/**
 * The body of an answer that goes over a WebSocket: each line is a text message, also one that is written in pieces.
 * What a client sends is passed over, as it has nothing to say.
 */
export class MessageBody extends Writable {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super({ autoDestroy: false });
    this.#socket = socket;
    socket.on('close', () => this.destroy());
    socket.on('error', () => this.destroy());
    this.on('error', () => this.destroy());
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(newline, from);
      const to = end < 0 ? chunk.length : end + 1;
      const isLast = to === chunk.length;
      this.#socket.send(chunk.subarray(from, to), { binary: false, fin: end >= 0 }, isLast ? done : undefined);
      from = to;
    }
  }

  override _final(done: () => void): void {
    this.#socket.close(1000);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }
}
