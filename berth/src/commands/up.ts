import { join, resolve } from 'node:path';
import {
  type AuditSettings,
  type Cluster,
  type HousekeepingSettings,
  loadPolicy,
  readAuthentication,
  requireHousekeeping,
  startCluster,
  usualHousekeeping,
} from '@berth/cluster';
import { BerthError } from '@berth/kube/errors';
import type { Portal } from '@berth/platform/portal';
import type { Logger } from 'pino';
import { detach } from '../detach.ts';
import { sentenceOf, UsageError } from '../failure.ts';
import { prepareDataDir, runningInstance } from '../instance.ts';
import { writeKubeconfig } from '../kubeconfig.ts';
import { openLog } from '../log.ts';
import { canRunContainers, checkMachine } from '../machine.ts';
import { openPortal } from '../portal.ts';
import { announce, logUnexpected } from '../program.ts';
import { createProgress, type Progress } from '../progress.ts';
import { deploySample, suppliesShop } from '../sample.ts';
import { untilStopped } from '../signals.ts';
import { version } from '../version.ts';

export interface UpOptions {
  dataDir: string;
  listen: string;
  apiPort: number;
  consolePort: number;
  nodes: number;
  runtime: string;
  simulatedNodes: number;
  /** Milliseconds. */
  nodeMonitorGracePeriod: number;
  /** In the words of kubelet's flags. */
  evictionHard?: string;
  evictionSoft?: string;
  evictionSoftGracePeriod?: string;
  evictionMinimumReclaim?: string;
  /** Seconds. */
  evictionMaxPodGracePeriod?: number;
  /** Milliseconds. */
  evictionPressureTransitionPeriod?: number;
  /** Percent. */
  imageGcHighThreshold?: number;
  imageGcLowThreshold?: number;
  /** Milliseconds. */
  minimumImageTtlDuration?: number;
  encryptionProviderConfig?: string;
  encryptionProviderConfigAutomaticReload: boolean;
  acceptLostKeys: boolean;
  auditPolicyFile?: string;
  auditLogPath?: string;
  /** Megabytes. */
  auditLogMaxsize: number;
  /** Days. */
  auditLogMaxage: number;
  auditLogMaxbackup: number;
  auditWebhookConfigFile?: string;
  authenticationConfig?: string;
  maxRequestsInflight: number;
  kubeconfig?: string;
  sample: boolean;
  detach: boolean;
  output: 'text' | 'json';
}

/** Starts everything and stays until a signal; then ends what is in this process and leaves the applications running. */
export async function up(options: UpOptions): Promise<void> {
  if (options.apiPort === options.consolePort) {
    throw new UsageError('--api-port and --console-port must differ');
  }
  if (options.nodes + options.simulatedNodes === 0)
    throw new UsageError('a cluster needs a node: --nodes or --simulated-nodes');
  const housekeeping = housekeepingOf(options);
  const encryption = encryptionOf(options);
  const audit = auditOf(options);
  const authentication = authenticationOf(options);
  if (options.detach) return detach(options.dataDir, options.output);

  const started = performance.now();
  const progress = createProgress(options.output);
  if (options.output === 'text') console.log(`Berth ${version}, data in ${resolve(options.dataDir)}`);
  const dataDir = await progress.step('checked the machine', () => preflight(options));
  const runtime = chooseRuntime(options, progress);
  const logger = openLog(dataDir);
  logUnexpected(logger);
  for (const message of [...audit.remarks, ...authentication.remarks]) progress.report({ event: 'notice', message });

  const stopping = untilStopped();
  await using stack = new AsyncDisposableStack();
  const cluster = await startCluster({
    ...options,
    dataDir,
    runtime,
    housekeeping,
    encryption,
    audit: audit.settings,
    authentication: authentication.settings,
    logger,
    step: progress.step,
    supplyImage: suppliesShop(dataDir),
  });
  stack.defer(() => cluster.stop());

  const kubeconfig = resolve(options.kubeconfig ?? join(dataDir, 'kubeconfig'));
  writeKubeconfig(kubeconfig, cluster.kubeconfig);
  const portal = await progress.step('serves the console', () => portalOf(options, dataDir, cluster, logger));
  stack.defer(() => portal.close());
  const apiUrl = cluster.connection.server;
  const { machines } = cluster;
  const importImage = (file: string) => cluster.importImage(file);
  stack.use(
    await announce({ dataDir, portal, kubeconfig, apiUrl, importImage, machines, encryption: cluster.encryption }),
  );

  const sampleUrl = options.sample ? await trySample(cluster, dataDir, runtime, progress, logger) : undefined;
  progress.report({
    event: 'ready',
    apiUrl,
    consoleUrl: portal.url,
    signInLink: portal.signInLink(),
    kubeconfig,
    milliseconds: Math.round(performance.now() - started),
    ...(sampleUrl === undefined ? {} : { sampleUrl }),
  });
  if (options.output === 'text') {
    console.log('Ctrl-C stops Berth and leaves the applications running; "berth down" stops them too.');
  }

  const signal = await stopping;
  logger.info({ signal }, 'stopping');
  if (options.output === 'text') console.log('\nStopping …');
  await stack.disposeAsync();
  if (options.output === 'text') console.log('Berth has stopped; containers go on. "berth up" takes them over again.');
  // Handles of libraries (LMDB's worker, gRPC channels) must not keep a stopped program alive.
  process.exit(0);
}

function encryptionOf(options: UpOptions): { file: string; reload: boolean } | undefined {
  const { encryptionProviderConfig: file, encryptionProviderConfigAutomaticReload: reload } = options;
  if (file !== undefined) return { file: resolve(file), reload };
  if (!reload) return undefined;
  throw new UsageError('--encryption-provider-config-automatic-reload needs --encryption-provider-config');
}

/** When nodes make room: as kubelet does where nothing is said. Throws a `UsageError` that says what cannot be understood. */
function housekeepingOf(options: UpOptions): HousekeepingSettings {
  const { eviction, imageGarbage } = usualHousekeeping;
  const settings = {
    eviction: {
      hard: options.evictionHard ?? eviction.hard,
      soft: options.evictionSoft ?? eviction.soft,
      softGracePeriod: options.evictionSoftGracePeriod ?? eviction.softGracePeriod,
      minimumReclaim: options.evictionMinimumReclaim ?? eviction.minimumReclaim,
      maxPodGracePeriod: options.evictionMaxPodGracePeriod ?? eviction.maxPodGracePeriod,
      pressureTransitionPeriod: options.evictionPressureTransitionPeriod ?? eviction.pressureTransitionPeriod,
    },
    imageGarbage: {
      highThreshold: options.imageGcHighThreshold ?? imageGarbage.highThreshold,
      lowThreshold: options.imageGcLowThreshold ?? imageGarbage.lowThreshold,
      minimumAge: options.minimumImageTtlDuration ?? imageGarbage.minimumAge,
    },
  };
  try {
    requireHousekeeping(settings);
  } catch (error) {
    throw new UsageError(sentenceOf(error));
  }
  return settings;
}

/** What is recorded. Throws a `UsageError` that says what is wrong with the policy. */
function auditOf(options: UpOptions): { settings: AuditSettings; remarks: readonly string[] } {
  const { auditPolicyFile, auditLogPath, auditLogMaxsize, auditLogMaxage, auditLogMaxbackup } = options;
  if (auditLogPath === '-')
    throw new UsageError('--audit-log-path: a file is wanted, since a chain cannot go on in a stream');
  const limits = {
    maxSize: auditLogMaxsize * 1024 * 1024,
    maxAge: auditLogMaxage * 24 * 3_600_000,
    maxBackups: auditLogMaxbackup,
  };
  const settings = {
    limits,
    ...(auditLogPath === undefined ? {} : { path: resolve(auditLogPath) }),
    ...(options.auditWebhookConfigFile === undefined ? {} : { webhook: resolve(options.auditWebhookConfigFile) }),
  };
  if (auditPolicyFile === undefined) return { settings, remarks: [] };
  try {
    const { policy, remarks } = loadPolicy(auditPolicyFile);
    return { settings: { ...settings, policy }, remarks };
  } catch (error) {
    throw new UsageError(`--audit-policy-file: ${sentenceOf(error)}`);
  }
}

/** Whose tokens are good. Throws a `UsageError` that says what is wrong with the file. */
function authenticationOf(options: UpOptions): { settings?: { file: string }; remarks: readonly string[] } {
  if (options.authenticationConfig === undefined) return { remarks: [] };
  const file = resolve(options.authenticationConfig);
  try {
    return { settings: { file }, remarks: readAuthentication(file).loaded.remarks };
  } catch (error) {
    throw new UsageError(`--authentication-config: ${file}: ${sentenceOf(error)}`);
  }
}

/** Everything that makes a start impossible, found before anything is changed. */
async function preflight(options: UpOptions): Promise<string> {
  const running = runningInstance(options.dataDir);
  if (running) {
    throw new BerthError(
      'Conflict',
      `Berth already runs on ${resolve(options.dataDir)} (process ${running.pid}): see "berth status", or choose another --data-dir and other ports`,
    );
  }
  const dataDir = prepareDataDir(options.dataDir);
  const checks = await checkMachine({ ...options, dataDir });
  const taken = checks.find(({ name, state }) => name.endsWith('port') && state === 'failed');
  if (taken) throw new BerthError('Conflict', `the ${taken.name} ${taken.found}: ${taken.remedy}`);
  if (options.runtime === 'containerd') {
    const missing = checks.find(({ state }) => state === 'failed');
    if (missing) {
      throw new BerthError(
        'ServiceUnavailable',
        `${missing.name}: ${missing.found}, so containers cannot run: ${missing.remedy}`,
      );
    }
  }
  return dataDir;
}

function chooseRuntime(options: UpOptions, progress: Progress) {
  if (options.runtime !== 'auto') return options.runtime as 'containerd' | 'simulated' | `cri=${string}`;
  if (canRunContainers()) return 'containerd';
  progress.report({
    event: 'notice',
    message:
      'No real containers here: pods will only be simulated. "berth doctor" says what is missing and how to get it.',
  });
  return 'simulated';
}

function portalOf(options: UpOptions, dataDir: string, cluster: Cluster, logger: Logger): Promise<Portal> {
  const { server, ca, cert, key } = cluster.connection;
  return openPortal({
    listen: options.listen,
    port: options.consolePort,
    tls: cluster.servingTls,
    connection: { server, ca, clientCertificate: cert, clientKey: key },
    client: cluster.client,
    cluster: { name: 'berth', version },
    dataDir,
    logger,
  });
}

/** The sample is a courtesy: when it fails the cluster stays, and the reason is told. */
async function trySample(cluster: Cluster, dataDir: string, runtime: string, progress: Progress, logger: Logger) {
  try {
    return await deploySample({ cluster, dataDir, simulated: runtime === 'simulated', progress });
  } catch (error) {
    logger.error({ err: error }, 'the sample could not be started');
    progress.report({ event: 'notice', message: `The sample shop does not run: ${sentenceOf(error)}` });
    return undefined;
  }
}
