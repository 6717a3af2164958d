import type { OutgoingHttpHeaders } from 'node:http';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import type { FrontProxy, User } from '../types.ts';

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';
const reader = 'extension-apiserver-authentication-reader';
const clientName = 'front-proxy-client';

/** Who asks, as an aggregated API server reads it from a request whose certificate it trusts. Source: "Authenticating proxy". */
export function userHeaders({ name: user, uid, groups, extra = {} }: User): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { 'x-remote-user': bytes(user), 'x-remote-group': groups.map(bytes) };
  if (uid) headers['x-remote-uid'] = bytes(uid);
  for (const [key, values] of Object.entries(extra)) headers[`x-remote-extra-${escaped(key)}`] = values.map(bytes);
  return headers;
}

/** Headers carry bytes; Node takes each character for one. */
function bytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What may not stand in the name of a header is written as in a URL. */
function escaped(key: string): string {
  return Buffer.from(key)
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9!#$&'*+.^_`|~-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
    );
}

/**
 * Publishes what aggregated API servers need to know whom they may believe: the ConfigMap
 * `extension-apiserver-authentication`, and the role to read it.
 */
export async function publishAuthentication(
  client: KubeClient,
  { clientCa, frontProxy }: { clientCa: string; frontProxy: FrontProxy | undefined },
): Promise<void> {
  const data: Record<string, string> = { 'client-ca-file': clientCa };
  if (frontProxy) {
    data['requestheader-allowed-names'] = JSON.stringify([clientName]);
    data['requestheader-client-ca-file'] = frontProxy.authority;
    data['requestheader-extra-headers-prefix'] = JSON.stringify(['X-Remote-Extra-']);
    data['requestheader-group-headers'] = JSON.stringify(['X-Remote-Group']);
    data['requestheader-uid-headers'] = JSON.stringify(['X-Remote-Uid']);
    data['requestheader-username-headers'] = JSON.stringify(['X-Remote-User']);
  }
  const key = { namespace, name };
  const config: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data };
  await client.create(resources.configMaps as Resource, config).catch(async (error: unknown) => {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
    await client.patch(resources.configMaps, key, { type: 'merge', body: { data } });
  });
  const role: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: {
      namespace,
      name: reader,
      labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
      annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
    },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: [name], verbs: ['get', 'list', 'watch'] }],
  };
  await client.create(resources.roles as Resource, role).catch((error: unknown) => {
    if (!isBerthError(error, 'AlreadyExists')) throw error;
  });
}
