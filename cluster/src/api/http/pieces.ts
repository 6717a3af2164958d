import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Writable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';

/** What is handed to a connection at once: enough to keep it busy, and all that one who reads slowly makes us hold. */
const pieceBytes = 256 * 1024;
/** How long a client may take nothing of an answer. */
const patienceMs = 60_000;

/** Sends the body of an answer whose head is written, at the client's pace; one that takes nothing any more is let go. */
export async function sendPieces(
  response: ServerResponse | Http2ServerResponse,
  parts: readonly Buffer[],
): Promise<void> {
  const http = response as ServerResponse;
  if (await writeAll(http, parts, http)) http.end();
}

/** The same, compressed on the way. */
export async function sendCompressed(
  response: ServerResponse | Http2ServerResponse,
  parts: readonly Buffer[],
): Promise<void> {
  const http = response as ServerResponse;
  const packer = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 });
  packer.pipe(http);
  if (await writeAll(packer, parts, http)) packer.end();
  else packer.destroy();
}

/**
 * Hands all parts on, small ones put together in one buffer that is used again as soon as it was taken. False when the
 * client has gone away.
 */
async function writeAll(to: Writable, parts: readonly Buffer[], response: ServerResponse): Promise<boolean> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  let filled = 0;
  for (const part of parts) {
    if (filled + part.length > pieceBytes) {
      if (!(await taken(to, buffer.subarray(0, filled), response))) return false;
      filled = 0;
    }
    if (part.length <= pieceBytes) {
      filled += part.copy(buffer, filled);
      continue;
    }
    for (let at = 0; at < part.length; at += pieceBytes) {
      if (!(await taken(to, part.subarray(at, at + pieceBytes), response))) return false;
    }
  }
  return await taken(to, buffer.subarray(0, filled), response);
}

/** Writes, and waits until nobody needs the buffer any more; false when the client is gone. */
function taken(to: Writable, piece: Buffer, response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (isTaken: boolean) => {
      clearTimeout(patience);
      response.off('close', gone);
      resolve(isTaken);
    };
    const gone = () => done(false);
    const patience = setTimeout(() => response.destroy(), patienceMs);
    response.once('close', gone);
    to.write(piece, (error) => done(!error));
  });
}
