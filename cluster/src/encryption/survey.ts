import { createHash } from 'node:crypto';
import type { Store, StoredEntry } from '../store/index.ts';
import type { Encryption } from './encryption.ts';
import { decodeObject } from './kms/encrypted-object.ts';
import { asBuffer, encryptedPrefix, isEncrypted } from './transformer.ts';

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

/**
 * `k8s:enc:aesgcm:v1:KEY:…` is `aesgcm:v1:KEY`. A key's name ends where the next colon is, and may be anything. Of a service's key the id is
 * not shown, but a part of its hash: `kms:v2:NAME:1f0c3a77`.
 */
export function labelOf(value: Uint8Array): string {
  if (!isEncrypted(value)) return plain;
  const stored = asBuffer(value);
  const [, , provider, version, key] = stored.toString('latin1', 0, longestLabel).split(':');
  const label = [provider, version, key].join(':');
  if (provider !== 'kms') return label;
  try {
    const { keyID } = decodeObject(stored.subarray(encryptedPrefix.length + label.length + 1));
    return `${label}:${createHash('sha256').update(keyID).digest('hex').slice(0, 8)}`;
  } catch {
    return label;
  }
}

const longestLabel = 512;

/** The names of Berth's own keys under which anything is. */
export function ownKeysIn(found: readonly Kept[]): Set<string> {
  return new Set(
    found
      .map(({ label }) => label)
      .filter((label) => label.startsWith(ownLabel))
      .map(nameOf),
  );
}

/** The label of what is under a key of Berth's own. */
export function ownLabelOf(name: string): string {
  return `${ownLabel}${name}`;
}

const ownLabel = 'aesgcm:v1:';
const nameOf = (label: string) => label.slice(ownLabel.length);

/** `secrets`, `deployments.apps` of a prefix. */
export function resourceOf(prefix: string): string {
  const [, , group, resource] = prefix.split('/');
  return group === 'core' ? `${resource}` : `${resource}.${group}`;
}
