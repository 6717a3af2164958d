import type { Readable } from 'node:stream';
import { statusOf } from '@berth/kube/errors';
import type { WebSocket } from 'ws';
import type { ProcessSession } from './types.ts';

/**
 * Kubernetes' remote command over WebSocket: each message is a channel's number and its bytes. `v5.channel.k8s.io` adds
 * closing of a channel by message 255. Source: KEP-4006.
 */
export const channelProtocols: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
/** Beyond it, the process is slowed down until the client has read. */
const unreadLimitBytes = 1024 * 1024;
const pingEveryMs = 30_000;

/** Carries a process's streams until it ends or the client goes. */
export async function carryProcess(socket: WebSocket, start: () => Promise<ProcessSession>): Promise<void> {
  const early: Buffer[] = [];
  let receive = (message: Buffer): void => {
    early.push(message);
  };
  socket.on('message', (data) => receive(data as Buffer));
  const pinging = setInterval(() => socket.ping(), pingEveryMs);
  let session: ProcessSession | undefined;
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => socket.terminate());
  try {
    const started = await start();
    session = started;
    receive = (message) => take(started, message);
    for (const message of early.splice(0)) receive(message);
    const outputs = Promise.all([
      forward(socket, channel.stdout, started.stdout),
      forward(socket, channel.stderr, started.stderr),
    ]);
    const ended = await Promise.race([
      started.status.then(async (status) => ({ status, flushed: await outputs })),
      closed,
    ]);
    if (ended) send(socket, channel.error, Buffer.from(JSON.stringify({ metadata: {}, ...ended.status })));
  } catch (error) {
    send(socket, channel.error, Buffer.from(JSON.stringify(statusOf(error))));
  } finally {
    clearInterval(pinging);
    session?.close();
    socket.close(1000);
  }
}

function take(session: ProcessSession, message: Buffer): void {
  const payload = message.subarray(1);
  switch (message[0]) {
    case channel.stdin:
      session.stdin?.write(payload);
      break;
    case channel.resize:
      resize(session, payload);
      break;
    case channel.close:
      if (payload[0] === channel.stdin) session.stdin?.end();
      break;
    default:
  }
}

/** `{"Width":80,"Height":24}`; what is not that is passed over. */
export function resize(session: ProcessSession, payload: Buffer): void {
  try {
    const { Width: width, Height: height } = JSON.parse(payload.toString()) as { Width: number; Height: number };
    if (Number.isInteger(width) && Number.isInteger(height)) session.resize({ width, height });
  } catch {
    // A terminal size that cannot be read changes nothing.
  }
}

async function forward(socket: WebSocket, to: number, stream: Readable | undefined): Promise<void> {
  if (!stream) return;
  try {
    for await (const chunk of stream) {
      send(socket, to, chunk as Buffer);
      if (socket.bufferedAmount > unreadLimitBytes) await drained(socket);
    }
  } catch {
    // The stream broke off; the status says why.
  }
}

function send(socket: WebSocket, to: number, payload: Buffer): void {
  if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(to), payload]));
}

function drained(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (socket.readyState !== socket.OPEN || socket.bufferedAmount < unreadLimitBytes / 2) resolve();
      else setTimeout(check, 5);
    };
    check();
  });
}
