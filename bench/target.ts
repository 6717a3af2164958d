import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A cluster, and who asks it. */
export interface Target {
  server: string;
  tls: { ca: Buffer; cert: Buffer; key: Buffer };
}

/** The first cluster and user of a kubeconfig file with certificates in it. */
export function targetOf(kubeconfig: string): Target {
  const config = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
  };
  const cluster = config.clusters[0]?.cluster;
  const user = config.users[0]?.user;
  if (!cluster || !user) throw new Error(`${kubeconfig} has no cluster with a client certificate`);
  const pem = (base64: string) => Buffer.from(base64, 'base64');
  const tls = {
    ca: pem(cluster['certificate-authority-data']),
    cert: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  };
  return { server: cluster.server, tls };
}
