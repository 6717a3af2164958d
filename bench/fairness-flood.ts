/** In a thread of its own: asks for the same long list all the time, so many at once, and says how often it was served. */
import { parentPort, workerData } from 'node:worker_threads';
import { Agent } from 'undici';
import type { Target } from './target.ts';

const { target, user, path, width, accept } = workerData as Flood;
const { server, tls } = target;
const pem = (bytes: Uint8Array) => Buffer.from(bytes);
const agent = new Agent({
  allowH2: false,
  connections: width,
  connect: { ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key) },
});
let served = 0;
parentPort?.on('message', () => parentPort?.postMessage(served));
for (let lane = 0; lane < width; lane++) void flood();

async function flood(): Promise<never> {
  for (;;) {
    const headers = { 'impersonate-user': user, accept };
    const { statusCode, body } = await agent.request({ origin: server, path, method: 'GET', headers });
    await body.dump({ limit: Number.MAX_SAFE_INTEGER });
    if (statusCode === 200) served++;
  }
}

interface Flood {
  target: Target;
  user: string;
  path: string;
  width: number;
  accept: string;
}
