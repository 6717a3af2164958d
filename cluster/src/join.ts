import { join } from 'node:path';
import { clientOver, connect, type RemoteClient } from '@berth/kube/client';
import type { Logger } from 'pino';
import {
  type ApiServer,
  type Certificates,
  clientCertificate,
  identities,
  makeNodeCertificate,
  nodeUser,
  type User,
} from './api/index.ts';
import type { Door } from './network/index.ts';
import type { HousekeepingSettings, NodeAgent } from './node/index.ts';
import { type NodeRuntime, reachedAt, runNode } from './nodes.ts';

export interface JoinParts {
  api: Pick<ApiServer, 'client'>;
  certificates: Certificates;
  /** The API server, as nodes with a network of their own reach it. */
  server: string;
  instance: string;
  clusterDns: string;
  leaseSeconds: number;
  housekeeping: HousekeepingSettings;
  logger: Logger;
  signal: AbortSignal;
}

/**
 * Makes a node known to the cluster and runs its pods. Its agent speaks as the node, and as nobody else: in this process, or with a certificate of
 * its own over the node's network where it has one.
 */
export async function joinNode(node: NodeRuntime, parts: JoinParts): Promise<NodeAgent> {
  const { api, certificates, server, ...rest } = parts;
  const { authority } = certificates;
  const directory = join(node.directory, 'pki');
  const serving = async (names: readonly string[]) => {
    const pair = await makeNodeCertificate(directory, authority, { node: node.name, names, now: new Date() });
    return { ...pair, clientCa: authority.cert };
  };
  const around = { ...rest, node, serving };
  const { apart } = node;
  const user = nodeUser(node.name);
  if (!apart) return runNode({ ...around, client: api.client(user), volumes: api.client(identities.volumes) });
  const remote = (as: User, file: string, userAgent: string) =>
    certifiedClient({ server, authority, user: as, directory, file, userAgent, door: apart.door });
  const client = remote(user, 'kubelet-client', 'kubelet');
  const volumes = remote(identities.volumes, 'volumes-client', 'local-provisioner');
  const close = async () => {
    await Promise.all([client.close(), volumes.close()]);
  };
  const agent = await runNode({ ...around, client, volumes }).catch(async (error) => {
    await close();
    throw error;
  });
  return {
    ...agent,
    access: reachedAt(apart.address, agent.access),
    stop: () => agent.stop().finally(close),
  };
}

/** A client with a certificate that is renewed as long as it lives. */
export function certifiedClient(options: {
  server: string;
  authority: Certificates['authority'];
  user: User;
  directory: string;
  file: string;
  userAgent: string;
  door?: Door;
}): RemoteClient {
  const { server, authority, user, directory, file, userAgent, door } = options;
  const certificate = clientCertificate({ directory, file, authority, user, now: () => new Date() });
  const connection = connect({
    server,
    userAgent,
    // Kubelet's timeouts: a node that was cut off tries again soon.
    ...(door ? { dial: door.dial, timeout: 10_000 } : {}),
    credentials: async () => ({ ca: authority.cert, ...(await certificate()) }),
  });
  return clientOver(connection, server);
}
