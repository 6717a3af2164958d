import type { Readable } from 'node:stream';
import { statusOf } from '@berth/kube/errors';
import type { WebSocket } from 'ws';
import type { ProcessSession } from './types.ts';

/**
 * Kubernetes' remote command over WebSocket: each message is a channel's number and its bytes, in the base64 ones a digit and
 * text. `v5.channel.k8s.io` adds closing of a channel by message 255; before v4 a failure is told as its message and
 * a success not at all. Source: KEP-4006, and `wsstream` of k8s.io/apimachinery.
 */
export const channelProtocols = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;
export type ChannelProtocol = (typeof channelProtocols)[number];

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
/** Beyond it, the process is slowed down until the client has read. */
const unreadLimitBytes = 1024 * 1024;
/** So that nobody on the way takes a connection for idle on which nothing is said for a while. */
export const pingEveryMs = 30_000;

/** Carries a process's streams until it ends or the client goes. */
export async function carryProcess(
  socket: WebSocket,
  protocol: ChannelProtocol,
  start: () => Promise<ProcessSession>,
): Promise<void> {
  const { send, read } = protocol.includes('base64') ? inBase64(socket) : inBinary(socket);
  const sendStatus = (status: Awaited<ProcessSession['status']>) => {
    if (protocol.startsWith('v')) send(channel.error, Buffer.from(JSON.stringify({ metadata: {}, ...status })));
    else if (status.status !== 'Success') send(channel.error, Buffer.from(status.message ?? ''));
  };
  const early: Buffer[] = [];
  let receive = (message: Buffer): void => {
    early.push(message);
  };
  socket.on('message', (data) => receive(read(data as Buffer)));
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
      forward(socket, started.stdout, (chunk) => send(channel.stdout, chunk)),
      forward(socket, started.stderr, (chunk) => send(channel.stderr, chunk)),
    ]);
    const ended = await Promise.race([
      started.status.then(async (status) => ({ status, flushed: await outputs })),
      closed,
    ]);
    if (ended) sendStatus(ended.status);
  } catch (error) {
    sendStatus(statusOf(error));
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

async function forward(socket: WebSocket, stream: Readable | undefined, send: (chunk: Buffer) => void): Promise<void> {
  if (!stream) return;
  try {
    for await (const chunk of stream) {
      send(chunk as Buffer);
      if (socket.bufferedAmount > unreadLimitBytes) await drained(socket);
    }
  } catch {
    // The stream broke off; the status says why.
  }
}

interface Framing {
  send(to: number, payload: Buffer): void;
  /** The channel's number and its bytes. */
  read(message: Buffer): Buffer;
}

function inBinary(socket: WebSocket): Framing {
  return {
    send(to, payload) {
      if (socket.readyState === socket.OPEN) socket.send(Buffer.concat([Buffer.of(to), payload]));
    },
    read: (message) => message,
  };
}

function inBase64(socket: WebSocket): Framing {
  const zero = 0x30;
  return {
    send(to, payload) {
      if (socket.readyState === socket.OPEN) socket.send(`${to}${payload.toString('base64')}`);
    },
    read(message) {
      if (message.length === 0) return message;
      const payload = Buffer.from(message.subarray(1).toString(), 'base64');
      return Buffer.concat([Buffer.of(((message[0] ?? zero) - zero) & 0xff), payload]);
    },
  };
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
