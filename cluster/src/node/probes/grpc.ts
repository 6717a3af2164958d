import { connect } from 'node:http2';
import type { Socket } from 'node:net';
import { status } from '@grpc/grpc-js';

export interface Health {
  code: status;
  details: string;
  /** `HealthCheckResponse.ServingStatus`; 0 is UNKNOWN. */
  serving: number;
}

/** As many bytes as gRPC's clients take; what is answered here has two. */
const mostBytes = 4 * 1024 * 1024;

/**
 * `grpc.health.v1.Health/Check` over a connection that the caller opens, which no gRPC client takes. The two messages have one field each, so
 * they are written out here. Never rejects: what fails beneath is `UNAVAILABLE`, whatever the peer says. Source: gRPC over HTTP2, and the health
 * checking protocol.
 */
export async function askHealth(options: {
  dial(): Promise<Socket>;
  service: string;
  timeoutMs: number;
}): Promise<Health> {
  const { promise, resolve } = Promise.withResolvers<Health>();
  const end = (code: status, details: string, serving = 0) => resolve({ code, details, serving });
  const timer = setTimeout(() => end(status.DEADLINE_EXCEEDED, 'Deadline exceeded'), options.timeoutMs);
  const unavailable = (error: Error) => end(status.UNAVAILABLE, error.message);
  const ask = (socket: Socket) => {
    const session = connect('http://probe', { createConnection: () => socket });
    session.on('error', unavailable);
    session.on('close', () => end(status.UNAVAILABLE, 'the connection was closed'));
    void promise.then(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.35',
    });
    const received: Buffer[] = [];
    let said: Record<string, unknown> = {};
    stream.on('error', unavailable);
    stream.on('response', (headers) => {
      const http = headers[':status'];
      said =
        http === 200 ? headers : { 'grpc-status': status.UNKNOWN, 'grpc-message': `Received HTTP status code ${http}` };
    });
    stream.on('trailers', (headers) => {
      said = headers;
    });
    let length = 0;
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= mostBytes) received.push(chunk);
      else end(status.RESOURCE_EXHAUSTED, `received message larger than max (${length} vs. ${mostBytes})`);
    });
    stream.on('end', () => {
      const code = codeOf(said['grpc-status']);
      const serving = Buffer.concat(received).subarray(5);
      // Field 1, a number below 128.
      end(code, unescaped(String(said['grpc-message'] ?? '')), serving[0] === 0x08 ? serving[1] : 0);
    });
    stream.end(requestOf(options.service));
  };
  // A session on a connection that is over throws.
  options.dial().then(ask).catch(unavailable);
  return promise.finally(() => clearTimeout(timer));
}

/** What is no code of gRPC's is unknown. */
function codeOf(said: unknown): status {
  const code = Number(said ?? status.UNKNOWN);
  return status[code] === undefined ? status.UNKNOWN : code;
}

/** What is badly escaped is shown as it came: nobody is to lose the message over it. Source: "Status-Message" of gRPC over HTTP2. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

/** A frame: not compressed, the message's length in four bytes, the message. */
function requestOf(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Seven bits a byte, the lowest first; all but the last have their highest bit set. Source: the encoding of Protocol Buffers. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
