import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { memoryStore, type Store } from '../store/index.ts';
import { createApi } from './api.ts';
import { type Certificates, makeCertificates } from './certificates/certificates.ts';
import { type Kubeconfig, kubeconfig } from './certificates/kubeconfig.ts';
import type { ApiOptions, ApiServer } from './types.ts';

/** An API server on a free port of the loopback address, for tests; goes away with everything it made. */
export interface TestApi extends AsyncDisposable {
  api: ApiServer;
  url: string;
  certificates: Certificates;
  kubeconfig: Kubeconfig;
  store: Store;
  directory: string;
}

export async function startTestApi(options: Partial<ApiOptions> = {}): Promise<TestApi> {
  const directory = await mkdtemp(path.join(tmpdir(), 'berth-api-'));
  const certificates = await makeCertificates(path.join(directory, 'certificates'));
  const store = options.store ?? memoryStore();
  const api = await createApi({
    store,
    authentication: { serviceAccountKey: certificates.serviceAccountKey },
    serviceRange: '10.200.128.0/17',
    clusterCa: certificates.authority.cert,
    frontProxy: certificates.frontProxy,
    logger: pino({ level: 'silent' }),
    ...options,
  });
  const tls = { ...certificates.serving, clientCa: certificates.authority.cert };
  const { port } = await api.listen({ host: '127.0.0.1', port: 0, tls });
  const url = `https://127.0.0.1:${port}`;
  return {
    api,
    url,
    certificates,
    kubeconfig: kubeconfig(certificates, { url }),
    store,
    directory,
    async [Symbol.asyncDispose]() {
      await api.close();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Sends JSON over HTTPS as the administrator, where a test looks at what no client passes on: a header, a raw body. */
export async function sendAsAdmin({ url, certificates }: TestApi, method: string, path: string, body?: object) {
  const { cert, key } = certificates.admin;
  const dispatcher = new Agent({ connect: { ca: certificates.authority.cert, cert, key } });
  try {
    const headers = { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' };
    const response = await fetch(url + path, { method, body: body ? JSON.stringify(body) : null, headers, dispatcher });
    return { status: response.status, headers: response.headers, body: (await response.json()) as object };
  } finally {
    await dispatcher.close();
  }
}
