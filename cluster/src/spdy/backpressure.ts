import type { Duplex } from 'node:stream';

/** Which streams of a connection hold more than was read of them; while there is one, the transport stands still. */
export interface Backpressure {
  /** Hands on what a frame brought. */
  push(stream: Duplex, data: Buffer): void;
  /** The stream's reader asks for more, or will never ask again. */
  release(stream: Duplex): void;
}

/**
 * Backpressure for a connection whose protocol has none per stream. A stream that is at its end or destroyed must be
 * released by its owner: its reader is not asked for more then, and would never let the transport go on.
 */
export function backpressure(transport: { pause(): unknown; resume(): unknown }): Backpressure {
  const full = new Set<Duplex>();
  return {
    push(stream, data) {
      if (data.length === 0 || stream.push(data)) return;
      full.add(stream);
      transport.pause();
    },
    release(stream) {
      if (full.delete(stream) && full.size === 0) transport.resume();
    },
  };
}
