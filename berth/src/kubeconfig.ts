import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Connection } from '@berth/cluster';
import { stringify } from 'yaml';

/** Writes a kubeconfig with one context for this connection, readable by its owner alone; replaces a former one whole. */
export function writeKubeconfig(file: string, name: string, connection: Connection): void {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const content = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: connection.server, 'certificate-authority-data': base64(connection.ca) } }],
    users: [
      { name, user: { 'client-certificate-data': base64(connection.cert), 'client-key-data': base64(connection.key) } },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
  });
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content, { mode: 0o600 });
  renameSync(partial, file);
}
