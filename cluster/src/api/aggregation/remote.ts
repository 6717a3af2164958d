import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connectTo, type Dial, type ProxyTarget } from '../proxy/index.ts';
import type { FrontProxy } from '../types.ts';
import { type Endpoints, networkFailure } from '../webhook/index.ts';
import type { ApiService } from './api-service.ts';

const probeTimeoutMs = 5_000;
const probeLimitBytes = 16 * 1024 * 1024;

/** Where an aggregated API is right now, with the proof of who we are. Throws `ServiceUnavailable`. */
export function targetOf(
  { spec }: ApiService,
  { endpoints, frontProxy }: { endpoints: Endpoints; frontProxy: FrontProxy | undefined },
): Omit<ProxyTarget, 'path' | 'headers'> {
  const { service, caBundle, insecureSkipTLSVerify: insecure = false } = spec;
  if (!service) throw new Error('a local APIService has no address');
  const { host, port } = endpoints.addressOf(service);
  const tls = {
    servername: `${service.name}.${service.namespace}.svc`,
    insecure,
    ...(caBundle ? { ca: Buffer.from(caBundle, 'base64').toString() } : {}),
    ...(frontProxy ? { cert: frontProxy.cert, key: frontProxy.key } : {}),
  };
  return { host, port, tls };
}

/** What an aggregated API answers to a GET of ours. Rejects with an error in the words of Kubernetes' own client. */
export async function fetchFrom(target: ProxyTarget, dial: Dial): Promise<{ code: number; body: string }> {
  const signal = AbortSignal.timeout(probeTimeoutMs);
  const url = `https://${target.host}:${target.port}${target.path}`;
  const outgoing = httpRequest({
    ...{ host: target.host, port: target.port, path: target.path, method: 'GET', signal },
    headers: { host: `${target.tls?.servername ?? target.host}:${target.port}`, ...target.headers } as Record<
      string,
      string
    >,
    createConnection: () => connectTo(target, dial),
    setHost: false,
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject);
      outgoing.end();
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer) {
      length += (chunk as Buffer).length;
      if (length > probeLimitBytes) throw new Error(`the answer is larger than ${probeLimitBytes} bytes`);
      chunks.push(chunk as Buffer);
    }
    return { code: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
  } catch (error) {
    outgoing.destroy();
    const why = signal.aborted ? 'context deadline exceeded' : networkFailure(error, target);
    throw new Error(`Get "${url}": ${why}`, { cause: error });
  }
}
