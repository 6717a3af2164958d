import type { TLSSocket } from 'node:tls';
import type { User } from '../types.ts';

/**
 * The user of the client's certificate: CN is the name, every O a group (RFC 4514 names). Undefined when it showed none, `refused` when the
 * cluster's authority did not sign it or it names nobody.
 */
export function userOfCertificate(socket: TLSSocket): User | 'refused' | undefined {
  if (typeof socket.getPeerCertificate !== 'function') return undefined;
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  const { CN: name, O: organizations } = subject as unknown as { CN?: string; O?: string | string[] };
  if (!socket.authorized || !name) return 'refused';
  const groups = organizations === undefined ? [] : [organizations].flat();
  const id = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`;
  const extra = { 'authentication.kubernetes.io/credential-id': [id] };
  return { name, groups: withAuthenticated(groups), extra };
}

export function withAuthenticated(groups: readonly string[]): string[] {
  return groups.includes('system:authenticated') ? [...groups] : [...groups, 'system:authenticated'];
}
