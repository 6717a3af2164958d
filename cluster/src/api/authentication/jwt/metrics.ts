import { createHash } from 'node:crypto';
import type { IssuerKeys } from './issuer.ts';

/** How often a changed file counted or did not, and when last, in milliseconds since 1970. */
export type Reloads = Record<'success' | 'failure', { count: number; last?: number }>;

const ofFile = 'apiserver_authentication_config_controller';
const ofKeys = 'apiserver_authentication_jwt_authenticator_jwks_fetch_last';

/** Under kube-apiserver's names, without the server's own hash: there is but one. */
export function authenticationMetrics({
  reloads,
  hash,
  keys,
}: {
  reloads: Reloads;
  /** SHA-256 of the file that counts. */
  hash: string;
  keys: ReadonlyMap<string, IssuerKeys>;
}): string[] {
  const statuses = ['success', 'failure'] as const;
  const lines = [`# TYPE ${ofFile}_automatic_reloads_total counter`];
  for (const status of statuses)
    lines.push(`${ofFile}_automatic_reloads_total{status="${status}"} ${reloads[status].count}`);
  lines.push(`# TYPE ${ofFile}_automatic_reload_last_timestamp_seconds gauge`);
  for (const status of statuses) {
    const { last } = reloads[status];
    if (last !== undefined)
      lines.push(`${ofFile}_automatic_reload_last_timestamp_seconds{status="${status}"} ${last / 1000}`);
  }
  lines.push(`# TYPE ${ofFile}_last_config_info gauge`, `${ofFile}_last_config_info{hash="sha256:${hash}"} 1`);
  lines.push(`# TYPE ${ofKeys}_timestamp_seconds gauge`);
  const all = [...keys].map(([url, { fetched }]) => ({ issuer: `jwt_issuer_hash="${hashed(url)}"`, fetched }));
  for (const { issuer, fetched } of all) {
    for (const result of statuses) {
      const at = fetched[result];
      if (at !== undefined) lines.push(`${ofKeys}_timestamp_seconds{${issuer},result="${result}"} ${at / 1000}`);
    }
  }
  lines.push(`# TYPE ${ofKeys}_key_set_info gauge`);
  for (const { issuer, fetched } of all) {
    if (fetched.hash !== undefined) lines.push(`${ofKeys}_key_set_info{${issuer},hash="sha256:${fetched.hash}"} 1`);
  }
  return lines;
}

function hashed(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
