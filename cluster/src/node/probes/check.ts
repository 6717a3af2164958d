import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createConnection, isIP, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Dial } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { Container, Probe } from '@berth/kube/objects';
import { status } from '@grpc/grpc-js';
import type { Runtime } from '../runtime/types.ts';
import { askHealth } from './grpc.ts';

/** What a check runs against. */
export interface ProbeTarget {
  container: Container;
  containerId: string;
  /** The pod's address, or the machine's for a pod in its network. */
  ip: string;
  runtime: Pick<Runtime, 'execSync'>;
  /** How to connect in the node's network; in this process's when absent. */
  dial?: Dial;
}

const dialHere: Dial = (to) =>
  new Promise((resolve, reject) => {
    const socket = createConnection(to);
    socket.once('connect', () => resolve(socket.off('error', reject)));
    socket.once('error', reject);
  });

/** A connection into the pod, as long as it is one: it may have ended on its way here. */
async function connected({ dial = dialHere }: ProbeTarget, to: { host: string; port: number }): Promise<Socket> {
  const socket = await dial(to);
  if (socket.destroyed) throw new Error(`dial tcp ${to.host}:${to.port}: the connection was closed`);
  return socket;
}

/** `error`: the check itself could not be made, which proves nothing about the container. */
export interface CheckResult {
  outcome: 'success' | 'failure' | 'error';
  message: string;
}

type Handler = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'>;

const success: CheckResult = { outcome: 'success', message: '' };
const failure = (message: string): CheckResult => ({ outcome: 'failure', message });

/** One check of a probe or hook. Never throws. */
export async function check(handler: Handler, target: ProbeTarget, timeoutSeconds: number): Promise<CheckResult> {
  try {
    if (handler.exec) return await execCheck(handler.exec.command ?? [], target, timeoutSeconds);
    if (handler.httpGet) return await httpCheck(handler.httpGet, target, timeoutSeconds * 1000);
    if (handler.tcpSocket) {
      const { host, port } = handler.tcpSocket;
      return await tcpCheck(target, host || target.ip, portOf(port, target.container), timeoutSeconds * 1000);
    }
    if (handler.grpc) return await grpcCheck(handler.grpc, target, timeoutSeconds * 1000);
    return success;
  } catch (error) {
    return { outcome: 'error', message: error instanceof Error ? error.message : String(error) };
  }
}

/** A number, or the name of one of the container's ports. */
function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find((found) => found.name === port)?.containerPort;
  const found = named ?? Number(port);
  if (!Number.isInteger(found)) throw new Error(`couldn't find port: ${JSON.stringify(port)} in container`);
  return found;
}

async function execCheck(command: readonly string[], target: ProbeTarget, seconds: number): Promise<CheckResult> {
  try {
    const result = await target.runtime.execSync(target.containerId, command, seconds);
    if (result.exitCode === 0) return success;
    return failure(`${result.stdout}${result.stderr}`.slice(0, 10_240));
  } catch (error) {
    if (isBerthError(error, 'Timeout'))
      return failure(`command timed out: "${command.join(' ')}" timed out after ${seconds}s`);
    throw error;
  }
}

type HttpGet = NonNullable<Probe['httpGet']>;

function httpCheck(get: HttpGet, target: ProbeTarget, timeoutMs: number): Promise<CheckResult> {
  const scheme = (get.scheme ?? 'HTTP').toLowerCase();
  const host = get.host || target.ip;
  const port = portOf(get.port, target.container);
  const path = get.path?.startsWith('/') ? get.path : `/${get.path ?? ''}`;
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.35', Accept: '*/*', Connection: 'close' };
  for (const { name, value } of get.httpHeaders ?? []) headers[name] = value;
  const url = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  const send = scheme === 'https' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const asked = send({
      ...{ host, port, path, headers },
      createConnection(_, done) {
        connected(target, { host, port }).then(
          (socket) => done(null, scheme === 'https' ? secure(socket, host) : socket),
          (error) => done(error, undefined as never),
        );
        return undefined;
      },
    });
    const timer = setTimeout(() => {
      // A request that has no connection yet would not tell.
      resolve(failure(`Get "${url}": ${deadline}`));
      asked.destroy();
    }, timeoutMs);
    asked.once('response', (response) => {
      clearTimeout(timer);
      const code = response.statusCode ?? 0;
      asked.destroy();
      resolve(code >= 200 && code < 400 ? success : failure(`HTTP probe failed with statuscode: ${code}`));
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      resolve(failure(`Get "${url}": ${dialError(error, host, port)}`));
    });
    asked.end();
  });
}

const deadline = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';

/** In Go's words, which people know from kubelet. */
function dialError(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === 'EHOSTUNREACH') return `dial tcp ${host}:${port}: connect: no route to host`;
  if (error.code === 'ECONNRESET') return 'read: connection reset by peer';
  return error.message;
}

/** Whoever answers is asked, whatever certificate it shows. */
const secure = (socket: Socket, host: string) =>
  connectTls({ socket, rejectUnauthorized: false, ...(isIP(host) ? {} : { servername: host }) });

async function tcpCheck(target: ProbeTarget, host: string, port: number, timeoutMs: number): Promise<CheckResult> {
  const late = new AbortController();
  const answered = connected(target, { host, port }).then(
    (socket) => {
      socket.destroy();
      return success;
    },
    (error) => failure(dialError(error, host, port)),
  );
  const result = await Promise.race([
    answered,
    delay(timeoutMs, failure(`dial tcp ${host}:${port}: i/o timeout`), { signal: late.signal }),
  ]);
  late.abort();
  return result;
}

async function grpcCheck(
  grpc: NonNullable<Probe['grpc']>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<CheckResult> {
  const { ip } = target;
  const { port, service = '' } = grpc;
  const dial = () => connected(target, { host: ip, port });
  const { code, details, serving } = await askHealth({ dial, service, timeoutMs });
  if (code !== status.OK) return grpcFailure({ code, details }, ip, port);
  if (serving === 1) return success;
  const shown = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][serving] ?? String(serving);
  return failure(`service unhealthy (responded with "${shown}")`);
}

function grpcFailure(error: { code: status; details: string }, ip: string, port: number): CheckResult {
  if (error.code === status.UNIMPLEMENTED)
    return failure(`this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`);
  if (error.code === status.DEADLINE_EXCEEDED)
    return failure(`timeout: failed to connect service "${ip}:${port}" within the probe's time`);
  return failure(`service unhealthy (responded with "${status[error.code]}: ${error.details}")`);
}
