/**
 * Berth's API server alone, as controller-runtime's envtest has it: no controllers, no nodes, nothing kept. Suites that
 * were written against envtest stumble over anything that reconciles what they make.
 *   node api-server.ts DIRECTORY PORT      writes DIRECTORY/kubeconfig and serves until it is ended
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, stderr, stdout } from 'node:process';
import { createApi, kubeconfig, makeCertificates } from '@berth/cluster/api';
import { memoryStore } from '@berth/cluster/store';
import type { KubeClient } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import { pino } from 'pino';

/** Serves on the loopback address; answers where its kubeconfig is. */
export async function serveApi(directory: string, port: number): Promise<string> {
  mkdirSync(directory, { recursive: true });
  const certificates = await makeCertificates(join(directory, 'certificates'));
  const api = await createApi({
    store: memoryStore(),
    authentication: { serviceAccountKey: certificates.serviceAccountKey },
    serviceRange: '10.96.0.0/17',
    clusterCa: certificates.authority.cert,
    logger: pino({ level: 'warn' }, pino.destination(join(directory, 'api.log'))),
  });
  void giveAccounts(api.client({ name: 'system:apiserver', groups: ['system:masters'] }));
  const tls = { ...certificates.serving, clientCa: certificates.authority.cert };
  const listening = await api.listen({ host: '127.0.0.1', port, tls });
  const path = join(directory, 'kubeconfig');
  writeFileSync(path, JSON.stringify(kubeconfig(certificates, { url: `https://127.0.0.1:${listening.port}` })));
  return path;
}

/** envtest leaves out the admission plugin that wants an account for every pod; here each namespace gets its account. */
async function giveAccounts(client: KubeClient): Promise<void> {
  for await (const { type, object } of client.watch(resources.namespaces)) {
    if (type !== 'ADDED') continue;
    const metadata = { namespace: object.metadata.name, name: 'default' };
    await client
      .create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
      .catch((error: unknown) => stderr.write(`${String(error)}\n`));
  }
}

if (import.meta.main) {
  const [directory, port] = argv.slice(2);
  if (directory === undefined || port === undefined) {
    stderr.write('usage: node api-server.ts DIRECTORY PORT\n');
    exit(2);
  }
  stdout.write(`${await serveApi(directory, Number(port))}\n`);
}
