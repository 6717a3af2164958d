import type { Store, StoredEntry } from '../store/index.ts';
import type { Encryption } from './encryption.ts';
import { asBuffer, isEncrypted } from './transformer.ts';

/** What values that were not encrypted are counted as. */
export const plain = 'plain';

/** Entries of one resource that are kept in the same way. */
export interface Kept {
  /** `/registry/<group>/<resource>/` */
  prefix: string;
  /** `plain`, `aesgcm:v1:KEY`, `kms:v2:NAME`, … as the values themselves say. */
  label: string;
  entries: StoredEntry[];
}

/** How everything is kept that is encrypted, or would be if it were written now. */
export function survey(store: Store, encryption: Encryption): Kept[] {
  const found = new Map<string, Kept>();
  for (const entry of store.list({ prefix: '/registry/' }).entries) {
    const prefix = prefixOf(entry.key);
    if (!isEncrypted(entry.value) && !encryption.of(prefix)) continue;
    const label = labelOf(entry.value);
    const kept = found.get(prefix + label) ?? { prefix, label, entries: [] };
    found.set(prefix + label, kept);
    kept.entries.push(entry);
  }
  return [...found.values()];
}

function prefixOf(key: string): string {
  return key.slice(0, key.indexOf('/', key.indexOf('/', '/registry/'.length) + 1) + 1);
}

/** `k8s:enc:aesgcm:v1:KEY:…` is `aesgcm:v1:KEY`. A key's name ends where the next colon is, and may be anything. */
export function labelOf(value: Uint8Array): string {
  if (!isEncrypted(value)) return plain;
  const [, , provider, version, key] = asBuffer(value).toString('latin1', 0, longestLabel).split(':');
  return [provider, version, key].join(':');
}

const longestLabel = 512;

/** `secrets`, `deployments.apps` of a prefix. */
export function resourceOf(prefix: string): string {
  const [, , group, resource] = prefix.split('/');
  return group === 'core' ? `${resource}` : `${resource}.${group}`;
}
