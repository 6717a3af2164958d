import { createPrivateKey } from 'node:crypto';
import type { Certificates } from './certificates.ts';

/** A kubeconfig as an object: one cluster, one user, one context, all called `name`. */
export interface Kubeconfig {
  apiVersion: 'v1';
  kind: 'Config';
  clusters: { name: string; cluster: { server: string; 'certificate-authority-data': string } }[];
  users: { name: string; user: { 'client-certificate-data': string; 'client-key-data': string } }[];
  contexts: { name: string; context: { cluster: string; user: string } }[];
  'current-context': string;
  preferences: Record<string, never>;
}

/** The administrator's kubeconfig for a server at `url` (`https://127.0.0.1:6443`). */
export function kubeconfig(
  certificates: Certificates,
  { url, name = 'berth' }: { url: string; name?: string },
): Kubeconfig {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const user = `${name}-admin`;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(certificates.authority.cert) } }],
    users: [
      {
        name: user,
        user: {
          'client-certificate-data': base64(certificates.admin.cert),
          'client-key-data': base64(named(certificates.admin.key)),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user } }],
    'current-context': name,
    preferences: {},
  };
}

/** SEC 1 names the algorithm in its PEM label; clients that go by it (fabric8) take a PKCS #8 key for RSA. */
function named(key: string): string {
  return createPrivateKey(key).export({ format: 'pem', type: 'sec1' }).toString();
}
