import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError } from '@berth/kube/errors';
import type { Request } from '../http/read-body.ts';
import type { Response } from '../http/respond.ts';
import { networkFailure } from '../webhook/index.ts';
import { redirected, requestHeaders, responseHeaders } from './headers.ts';
import { connectTo, type Dial, type ProxyTarget } from './target.ts';

/**
 * Sends a request on and its answer back, both as they come: nothing is held. Rejects with `ServiceUnavailable` when the
 * target cannot be reached; once an answer has begun, a failure only ends it.
 */
export async function forward(request: Request, response: Response, target: ProxyTarget, dial: Dial): Promise<void> {
  const outgoing = httpRequest({
    host: target.host,
    port: target.port,
    path: target.path,
    method: request.method ?? 'GET',
    headers: requestHeaders(request, target),
    createConnection: () => connectTo(target, dial),
    setHost: false,
  });
  response.on('close', () => outgoing.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  // The target may answer before it has read the body; the outcome is what it answers.
  pipeline(request, outgoing).catch(() => {});
  let answer: IncomingMessage;
  try {
    answer = await answered;
  } catch (error) {
    throw unreachable(error, target);
  }
  outgoing.on('error', () => answer.destroy());
  const headers = responseHeaders(answer);
  const { location } = answer.headers;
  if (location !== undefined && target.prefix !== undefined) {
    headers.location = redirected(location, target, request.headers.host);
  }
  const http = response as ServerResponse;
  http.writeHead(answer.statusCode ?? 502, headers);
  http.flushHeaders?.();
  await pipeline(answer, http).catch(() => {
    // The client knows from the end that came too early.
    response.destroy?.();
  });
}

/**
 * Sends a request on that is to become something else (a WebSocket, SPDY), and carries what both sides say then. What
 * the target answers, also a refusal, goes back as it is.
 */
export async function forwardUpgrade(
  request: Request,
  socket: Duplex,
  head: Buffer,
  { target, dial }: { target: ProxyTarget; dial: Dial },
): Promise<void> {
  const onward = connectTo(target, dial);
  await new Promise<void>((resolve, reject) => {
    onward.once(target.tls ? 'secureConnect' : 'connect', resolve);
    onward.once('error', (error) => reject(unreachable(error, target)));
    socket.once('close', () => onward.destroy());
  });
  const { upgrade = '' } = request.headers;
  const lines = [`${request.method ?? 'GET'} ${target.path} HTTP/1.1`];
  for (const [name, value] of Object.entries({ ...requestHeaders(request, target), connection: 'Upgrade', upgrade })) {
    for (const one of [value ?? []].flat()) lines.push(`${name}: ${one}`);
  }
  onward.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) onward.write(head);
  onward.on('error', () => socket.destroy());
  socket.on('error', () => onward.destroy());
  onward.on('close', () => socket.destroy());
  socket.pipe(onward);
  onward.pipe(socket);
}

function unreachable(error: unknown, target: ProxyTarget): BerthError {
  return new BerthError('ServiceUnavailable', `error trying to reach service: ${networkFailure(error, target)}`, {
    cause: error,
  });
}
