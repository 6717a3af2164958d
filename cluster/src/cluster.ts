import { join } from 'node:path';
import type { Connection } from '@berth/kube/client';
import {
  type ApiServer,
  type Certificates,
  certificateSigner,
  createApi,
  identities,
  kubeconfig,
  makeCertificates,
  openAudit,
} from './api/index.ts';
import { keepControlPlane } from './control-plane.ts';
import { startControllers } from './controllers/index.ts';
import { type EncryptedStore, encryptionControl, openEncryptedStore } from './encryption/index.ts';
import { certifiedClient, type JoinParts, joinNode } from './join.ts';
import { OwnMachines } from './machines.ts';
import {
  type AddressPlan,
  chooseInstanceRange,
  instanceOf,
  type NetworkSetup,
  planAddresses,
  prepareNetwork,
  startNetwork,
} from './network/index.ts';
import { type SimulatedNodes, startSimulatedNodes } from './node/index.ts';
import { accessByNode, type NodeRuntime, nodeAccess, nodeName, openContainerd, openForeignRuntime } from './nodes.ts';
import type { Cluster, ClusterOptions } from './options.ts';
import { startScheduler } from './scheduler/index.ts';
import { snapshotsBeside } from './store/index.ts';
import { keepStoreTidy } from './upkeep.ts';

export { type AuditSettings, loadPolicy, readAuthentication, usualAuditLimits } from './api/index.ts';
export type { EncryptionControl, EncryptionStatus } from './encryption/index.ts';
export type { Machine, Machines } from './machines.ts';
export {
  type HousekeepingSettings,
  requireHousekeeping,
  usualHousekeeping,
} from './node/index.ts';
export type { Cluster, ClusterOptions, Connection, RuntimeChoice } from './options.ts';
export { type RemoveOptions, removeCluster } from './remove.ts';

/** What the program does with the cluster it does as this user. The cluster's own parts have users of their own. */
const system = { name: 'system:berth', groups: ['system:masters'] };

/**
 * Starts the embedded cluster, or takes over what runs of it. The runtimes start beside the API server; controllers,
 * scheduler, network and nodes follow. Rejects with a `BerthError` that says what to do; what was started until then is ended.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { dataDir, listen, apiPort, logger, step, nodeMonitorGracePeriod = 50_000 } = options;
  await using starting = new AsyncDisposableStack();
  const over = new AbortController();
  starting.defer(() => over.abort());
  const { signal } = over;
  // Kubelet's 40 s beside kube-controller-manager's 50 s: a lease that runs out is noticed as one.
  const leaseSeconds = Math.min(40, (nodeMonitorGracePeriod * 0.8) / 1000);

  const { instance, plan, setup } = await layOut(options);
  const joining = Promise.withResolvers<Pick<JoinParts, 'api' | 'certificates'>>();
  const supplyImage = async (reference: string) =>
    (await options.supplyImage?.(reference, (file) => machines.importImage(file))) ?? false;
  const nodes = setup?.nodes ?? [];
  const machines: OwnMachines = new OwnMachines({
    dataDir,
    names: nodes.map(({ name }) => name),
    open: (name) =>
      openRuntime(
        options,
        instance,
        nodes.find((node) => node.name === name),
        supplyImage,
      ),
    join: async (node) => {
      const { certificates, api } = await joining.promise;
      const server = `https://${plan.hostAddress}:${apiPort}`;
      const { housekeeping = {} } = options;
      const around = { instance, clusterDns: plan.dnsAddress, leaseSeconds, housekeeping, logger, signal };
      return joinNode(node, { ...around, api, certificates, server });
    },
  });
  const opened = machines.open();
  // Reported where it is waited for; a failure of what comes before must not leave this one unhandled.
  opened.catch(() => {});
  starting.defer(async () => {
    await opened.catch(() => {});
    await machines.release();
  });

  const certificates = await step('made the certificates', () =>
    makeCertificates(join(dataDir, 'pki'), { names: [listen, plan.kubernetesAddress, plan.hostAddress] }),
  );
  const places = placesIn(dataDir);
  const now = () => new Date();
  const encrypted = await step('opened the store', () =>
    openEncryptedStore({
      ...places,
      configuration: options.encryption,
      acceptLostKeys: options.acceptLostKeys,
      now,
      logger,
    }),
  );
  const { store, encryption, configured } = encrypted;
  starting.defer(() => store.close());
  starting.defer(() => configured?.close());
  const upkeep = starting.use(keepStoreTidy({ store, snapshots: places.snapshots, now: Date.now, logger }));

  // Pods reach the API server at the host's own address, which exists only where there is a pod network.
  const addresses = setup && listen !== '0.0.0.0' ? [listen, plan.hostAddress] : [listen];
  const api = await step('serves the Kubernetes API', () =>
    serveApi(options, { store, encryption, certificates, plan, addresses }),
  );
  starting.defer(() => api.close());
  const unreadable = api.unreadable();
  if (unreadable.length > 0) logger.error({ keys: unreadable.slice(0, 100) }, 'objects that cannot be read');
  // Named as by kube-apiserver.
  if (configured) api.addReadyCheck('kms-providers', () => configured.providers.every(({ fault }) => !fault));
  const client = api.client(system);

  const onError = (error: unknown, where: string) => logger.warn({ err: error, where }, 'failed, and tried again');
  const signer = certificateSigner(certificates.authority);
  // What only paths lead to: metrics, which others may serve, and scales.
  const { connection } = certifiedClient({
    server: `https://${hostOf(listen)}:${apiPort}`,
    authority: certificates.authority,
    user: identities.controllers,
    directory: join(dataDir, 'pki'),
    file: 'controllers-client',
    userAgent: 'horizontal-pod-autoscaler',
  });
  starting.defer(() => connection.close());
  await step('runs controllers and the scheduler', async () => {
    await Promise.all([
      startControllers({
        client: api.client(identities.controllers),
        signer,
        paths: pathsOver(connection),
        nodeMonitorGracePeriod,
        signal,
        onError,
      }),
      startScheduler({ client: api.client(identities.scheduler), signal, onError }),
    ]);
  });
  // Beside each other: pods that start before the rules are there find them a moment later, as on any cluster.
  const [pretended] = await Promise.all([
    step('node is ready', async () => {
      joining.resolve({ api, certificates });
      await opened;
      const [, simulated] = await Promise.all([
        machines.join(),
        startPretended(options, { real: nodes.length, api, leaseSeconds, signal }),
      ]);
      // What the machine runs that runs the API server, too.
      await keepControlPlane({
        client: api.client(identities.controllers),
        names: nodes.map(({ name }) => name),
        signal,
        onError,
      });
      return simulated;
    }),
    setup &&
      step('leads service addresses and answers names', async () => {
        await api.advertise({ address: plan.hostAddress, port: apiPort });
        const network = await startNetwork({ setup, client: api.client(identities.network), logger, signal });
        await network.ready;
      }),
  ]);
  api.setPodAccess(accessByNode((name) => machines.agent(name)));
  api.setNodeAccess(nodeAccess((name) => machines.agent(name), pretended));

  const running = starting.move();
  return {
    instance,
    client,
    ...access(certificates, `https://${hostOf(listen)}:${apiPort}`),
    machines,
    encryption: encryptionControl({
      ...encrypted,
      ...places,
      file: options.encryption?.file,
      api,
      upkeep,
      now,
      logger,
    }),
    importImage: (file) => machines.importImage(file),
    stop: () => running.disposeAsync(),
  };
}

function placesIn(dataDir: string) {
  const directory = join(dataDir, 'store');
  // Apart from the store, so that a copy of that alone tells nobody a Secret.
  return { directory, snapshots: snapshotsBeside(directory), keyFile: join(dataDir, 'encryption.json') };
}

interface Layout {
  instance: string;
  plan: AddressPlan;
  /** Absent where no container runs, and so nothing has an address. */
  setup?: NetworkSetup;
}

async function layOut({ dataDir, nodes, runtime }: ClusterOptions): Promise<Layout> {
  if (runtime === 'simulated') {
    return { instance: await instanceOf(dataDir), plan: planAddresses(await chooseInstanceRange({ dataDir })) };
  }
  const named = Array.from({ length: nodes }, (_, index) => ({ name: nodeName(index), index }));
  // One node alone is the machine; several have each a network of their own, as machines do.
  const setup = await prepareNetwork({ dataDir, nodes: named, apart: runtime === 'containerd' && nodes > 1 });
  return { instance: setup.instance, plan: setup.plan, setup };
}

function openRuntime(
  { dataDir, runtime, logger }: ClusterOptions,
  instance: string,
  node: NetworkSetup['nodes'][number] | undefined,
  supplyImage: (reference: string) => Promise<boolean>,
): Promise<NodeRuntime> {
  if (!node) throw new Error('a node without a network');
  if (runtime === 'containerd') return openContainerd({ instance, dataDir, node, logger, supplyImage });
  return openForeignRuntime({ dataDir, socket: runtime.slice('cri='.length), node });
}

/** The nodes whose pods only pretend. */
async function startPretended(
  { runtime, nodes, simulatedNodes, logger }: ClusterOptions,
  { real, api, ...rest }: { real: number; api: ApiServer; leaseSeconds: number; signal: AbortSignal },
): Promise<SimulatedNodes[]> {
  const groups = [
    ...(runtime === 'simulated' ? [{ prefix: 'node', count: nodes, tainted: false }] : []),
    // Beside real nodes they take only pods that ask for them.
    { prefix: 'simulated', count: simulatedNodes, tainted: real > 0 },
  ].filter(({ count }) => count > 0);
  const log = logger.child({ part: 'nodes' });
  const parts = { ...rest, client: api.client(identities.simulatedNodes), volumes: api.client(identities.volumes) };
  return await Promise.all(groups.map((some) => startSimulatedNodes({ ...parts, logger: log, ...some })));
}

async function serveApi(
  { dataDir, apiPort, audit = {}, authentication, maxRequestsInflight, logger }: ClusterOptions,
  parts: Pick<EncryptedStore, 'store' | 'encryption'> & {
    certificates: Certificates;
    plan: AddressPlan;
    addresses: readonly string[];
  },
): Promise<ApiServer> {
  const { store, encryption, certificates, plan, addresses } = parts;
  const { authority, serving, frontProxy, serviceAccountKey } = certificates;
  const api = await createApi({
    store,
    encryption,
    authentication: { serviceAccountKey, configuration: authentication },
    serviceRange: plan.serviceRange,
    clusterCa: authority.cert,
    frontProxy,
    ...(maxRequestsInflight === undefined ? {} : { maxRequestsInflight }),
    audit: await openAudit(dataDir, audit, logger.child({ part: 'audit' })),
    logger: logger.child({ part: 'api' }),
  });
  const tls = { ...serving, clientCa: authority.cert };
  try {
    await Promise.all(addresses.map((host) => api.listen({ host, port: apiPort, tls })));
  } catch (error) {
    await api.close();
    throw error;
  }
  return api;
}

function pathsOver(connection: Connection) {
  const contentType = 'application/merge-patch+json';
  return {
    get: (path: string) => connection.json({ method: 'GET', path }),
    patch: (path: string, body: object) => connection.json({ method: 'PATCH', path, body, contentType }),
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
