import type { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { pingEveryMs } from './channels.ts';

/** How a log goes over a WebSocket, by what the client offers; without an offer as by the first. */
export const logProtocols = ['binary.k8s.io', 'base64.binary.k8s.io'] as const;
type LogProtocol = (typeof logProtocols)[number];

/** What a client has not taken yet at most before no more is read. */
const mostWaiting = 1024 * 1024;

/**
 * Sends a log as it is read, binary or as text in base64, after one empty message that says that it begins (as kube-apiserver does), and closes. What
 * the client sends is passed over.
 */
export async function carryLog(
  socket: WebSocket,
  logs: Readable,
  protocol: LogProtocol = logProtocols[0],
): Promise<void> {
  socket.on('error', () => socket.terminate());
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const pinging = setInterval(() => socket.ping(), pingEveryMs);
  void closed.then(() => {
    clearInterval(pinging);
    logs.destroy();
  });
  const isText = protocol === 'base64.binary.k8s.io';
  const send = (chunk: Buffer) =>
    new Promise<void>((resolve) => {
      const sent = () => resolve();
      socket.send(isText ? chunk.toString('base64') : chunk, { binary: !isText }, sent);
      if (socket.bufferedAmount < mostWaiting) resolve();
    });
  try {
    await send(Buffer.alloc(0));
    for await (const chunk of logs) await send(Buffer.from(chunk));
    socket.close(1000);
  } catch {
    // It has begun, so there is nobody to tell why it ends early.
    socket.terminate();
  }
  await closed;
}
