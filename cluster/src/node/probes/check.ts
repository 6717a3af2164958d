import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createConnection } from 'node:net';
import { isBerthError } from '@berth/kube/errors';
import type { Container, Probe } from '@berth/kube/objects';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { Runtime } from '../runtime/types.ts';

/** What a check runs against. */
export interface ProbeTarget {
  container: Container;
  containerId: string;
  /** The pod's address, or the machine's for a pod in its network. */
  ip: string;
  runtime: Pick<Runtime, 'execSync'>;
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
      return await tcpCheck(host || target.ip, portOf(port, target.container), timeoutSeconds * 1000);
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
    const asked = send({ host, port, path, headers, agent: false, timeout: timeoutMs, rejectUnauthorized: false });
    const timer = setTimeout(() => asked.destroy(new Error(deadline)), timeoutMs);
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

function tcpCheck(host: string, port: number, timeoutMs: number): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`dial tcp ${host}:${port}: i/o timeout`)), timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(success);
    });
    socket.on('error', (error) => {
      clearTimeout(timer);
      resolve(failure(dialError(error, host, port)));
    });
  });
}

/** `grpc.health.v1.Health/Check`; the two messages have one field each, so they are written out here. */
function grpcCheck(grpc: NonNullable<Probe['grpc']>, target: ProbeTarget, timeoutMs: number): Promise<CheckResult> {
  const service = Buffer.from(grpc.service ?? '');
  const request = service.length === 0 ? service : Buffer.concat([Buffer.from([0x0a, service.length]), service]);
  const client = new Client(`${target.ip}:${grpc.port}`, credentials.createInsecure(), {
    'grpc.primary_user_agent': 'kube-probe/1.35',
    'grpc.enable_http_proxy': 0,
  });
  return new Promise<CheckResult>((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      request,
      { deadline: Date.now() + timeoutMs },
      (error: ServiceError | null, answer?: Buffer) =>
        resolve(error ? grpcFailure(error, target.ip, grpc.port) : serving(answer)),
    );
  }).finally(() => client.close());
}

function grpcFailure(error: ServiceError, ip: string, port: number): CheckResult {
  if (error.code === status.UNIMPLEMENTED)
    return failure(`this server does not implement the grpc health protocol (grpc.health.v1.Health): ${error.details}`);
  if (error.code === status.DEADLINE_EXCEEDED)
    return failure(`timeout: failed to connect service "${ip}:${port}" within the probe's time`);
  return failure(`service unhealthy (responded with "${status[error.code]}: ${error.details}")`);
}

/** Field 1 is the status; 1 means SERVING. */
function serving(answer: Buffer | undefined): CheckResult {
  const value = answer?.[0] === 0x08 ? answer[1] : 0;
  if (value === 1) return success;
  const shown = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][value ?? 0] ?? String(value);
  return failure(`service unhealthy (responded with "${shown}")`);
}
