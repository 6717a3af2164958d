import { join, resolve } from 'node:path';
import { makeCertificates } from '@berth/cluster/api';
import { type Credentials, clientFromKubeconfig, openKubeconfig } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import type { ClusterConnection } from '@berth/platform/portal';
import { prepareDataDir, runningInstance } from '../instance.ts';
import { openLog } from '../log.ts';
import { openPortal } from '../portal.ts';
import { announce, logUnexpected } from '../program.ts';
import { createProgress } from '../progress.ts';
import { untilStopped } from '../signals.ts';

export interface ServeOptions {
  kubeconfig: string;
  context?: string;
  dataDir: string;
  listen: string;
  consolePort: number;
  output: 'text' | 'json';
}

/** Serves the console on a cluster that runs elsewhere, with the rights of the kubeconfig; stays until a signal. */
export async function serve(options: ServeOptions): Promise<void> {
  const started = performance.now();
  const progress = createProgress(options.output);
  const running = runningInstance(options.dataDir);
  if (running) {
    throw new BerthError(
      'Conflict',
      `Berth already runs on ${resolve(options.dataDir)} (process ${running.pid}): choose another --data-dir`,
    );
  }
  const dataDir = prepareDataDir(options.dataDir);
  const logger = openLog(dataDir);
  logUnexpected(logger);
  const stopping = untilStopped();
  await using stack = new AsyncDisposableStack();

  const opened = await openKubeconfig(options.kubeconfig, options.context);
  const client = await clientFromKubeconfig(options.kubeconfig, options.context);
  stack.defer(() => client.close());
  const { gitVersion } = await progress.step(`reached ${opened.server}`, async () => {
    return (await client.connection.json({ method: 'GET', path: '/version' })) as { gitVersion: string };
  });

  const portal = await progress.step('serves the console', async () =>
    openPortal({
      listen: options.listen,
      port: options.consolePort,
      tls: (await makeCertificates(join(dataDir, 'pki'), { names: [options.listen] })).serving,
      connection: connectionOf(opened.server, await opened.credentials(), opened.credentials),
      client,
      cluster: { name: opened.context, version: gitVersion },
      dataDir,
      logger,
    }),
  );
  stack.defer(() => portal.close());
  const importImage = async () => {
    throw new BerthError('BadRequest', 'images can only be imported into the embedded cluster');
  };
  const kubeconfig = resolve(options.kubeconfig);
  stack.use(await announce({ dataDir, portal, kubeconfig, apiUrl: opened.server, importImage }));
  progress.report({
    event: 'ready',
    apiUrl: opened.server,
    consoleUrl: portal.url,
    signInLink: portal.signInLink(),
    kubeconfig,
    milliseconds: Math.round(performance.now() - started),
  });
  await stopping;
  await stack.disposeAsync();
  process.exit(0);
}

/** Certificates belong to the connection; tokens are asked for on each request, since plugins renew them. */
function connectionOf(server: string, first: Credentials, credentials: () => Promise<Credentials>): ClusterConnection {
  return {
    server,
    ...(first.ca === undefined ? {} : { ca: first.ca }),
    ...(first.cert === undefined ? {} : { clientCertificate: first.cert }),
    ...(first.key === undefined ? {} : { clientKey: first.key }),
    ...(first.servername === undefined ? {} : { serverName: first.servername }),
    ...(first.rejectUnauthorized === false ? { skipTlsVerify: true } : {}),
    credentials: async () => (await credentials()).headers ?? {},
  };
}
