import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Certificates, createApi, kubeconfig, makeCertificates } from './api/index.ts';
import { chooseInstanceRange, instanceOf, planAddresses } from './network/addresses/index.ts';
import type { Cluster, ClusterOptions } from './options.ts';
import { openLmdbStore, snapshotsBeside } from './store/index.ts';
import { keepStoreTidy } from './upkeep.ts';

export type { Cluster, ClusterOptions, RuntimeChoice } from './options.ts';

/** Everything the cluster does in this process acts as this user; what leaves the process has users of its own. */
const system = { name: 'system:berth', groups: ['system:masters'] };

/**
 * Starts the embedded cluster, or takes over what runs of it: store, API server, controllers, scheduler, network,
 * nodes, in this order. Rejects with a `BerthError` that says what to do; what was started until then is ended.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir, listen, apiPort, logger, step } = options;
  await using starting = new AsyncDisposableStack();
  const instance = await instanceOf(dataDir);
  const addresses = planAddresses(await chooseInstanceRange({ dataDir }));

  const certificates = await step('made the certificates', () =>
    makeCertificates(join(dataDir, 'pki'), { names: [listen, addresses.kubernetesAddress, addresses.hostAddress] }),
  );
  const storeDirectory = join(dataDir, 'store');
  mkdirSync(storeDirectory, { recursive: true, mode: 0o700 });
  const store = await step('opened the store', () => openLmdbStore({ directory: storeDirectory }));
  starting.defer(() => store.close());
  starting.use(keepStoreTidy({ store, snapshots: snapshotsBeside(storeDirectory), now: Date.now, logger }));

  const api = await step('serves the Kubernetes API', async () => {
    const server = await createApi({
      store,
      authentication: { serviceAccountKey: certificates.serviceAccountKey },
      serviceRange: addresses.serviceRange,
      clusterCa: certificates.authority.cert,
      logger: logger.child({ part: 'api' }),
    });
    const { key, cert } = certificates.serving;
    await server.listen({ host: listen, port: apiPort, tls: { key, cert, clientCa: certificates.authority.cert } });
    return server;
  });
  starting.defer(() => api.close());
  const client = api.client(system);

  const running = starting.move();
  return {
    instance,
    client,
    ...access(certificates, `https://${hostOf(listen)}:${apiPort}`),
    importImage: async () => {},
    stop: () => running.disposeAsync(),
  };
}

/** What a program outside needs to reach the API server, and what the console's server shows as its own certificate. */
function access(certificates: Certificates, server: string) {
  return {
    connection: { server, ca: certificates.authority.cert, ...certificates.admin },
    servingTls: certificates.serving,
    kubeconfig: kubeconfig(certificates, { url: server }),
  };
}

/** As it stands in a URL; a server that listens everywhere is reached on the loopback address. */
function hostOf(listen: string): string {
  if (listen === '0.0.0.0' || listen === '::') return '127.0.0.1';
  return listen.includes(':') ? `[${listen}]` : listen;
}

export interface RemoveOptions {
  dataDir: string;
  logger: Logger;
}

/** Stops the containers of an instance whose program has stopped, and removes every link, rule, mount and cgroup of it. */
export async function removeCluster({ dataDir }: RemoveOptions): Promise<void> {
  void dataDir;
}
