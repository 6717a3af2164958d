import { fileURLToPath } from 'node:url';
import type { KubeClient } from '@berth/kube/client';
import { type ClusterConnection, type Portal, startPortal } from '@berth/platform/portal';
import type { Logger } from 'pino';

/** What differs between the embedded cluster and one that Berth only serves. */
export interface PortalSource {
  listen: string;
  port: number;
  tls: { cert: string; key: string };
  connection: ClusterConnection;
  client: KubeClient;
  cluster: { name: string; version: string };
  dataDir: string;
  logger: Logger;
}

/** The console's server, wired: assets, capabilities, and the command that a visitor without a session is told. */
export function openPortal(source: PortalSource): Promise<Portal> {
  return startPortal({
    listen: { host: source.listen, port: source.port },
    tls: source.tls,
    connection: source.connection,
    clientFor: () => source.client,
    cluster: source.cluster,
    assetsDir: fileURLToPath(new URL('../../console/dist', import.meta.url)),
    capabilities: [],
    signInCommand: `npx berth console --data-dir ${source.dataDir}`,
    logger: source.logger.child({ part: 'portal' }),
    now: Date.now,
  });
}
