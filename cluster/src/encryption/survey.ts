import type { Store } from '../store/index.ts';
import { asBuffer, isEncrypted } from './transformer.ts';

/** What values that were not encrypted are counted as. */
export const plain = 'plain';

/** How many values under a prefix are kept in which way: `plain`, `aesgcm:v1:KEY`, …, as the values themselves say. */
export function survey(store: Store, prefix: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { value } of store.list({ prefix }).entries) {
    const name = labelOf(value);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** `k8s:enc:aesgcm:v1:KEY:…` is `aesgcm:v1:KEY`. A key's name ends where the next colon is, and may be anything. */
export function labelOf(value: Uint8Array): string {
  if (!isEncrypted(value)) return plain;
  const [, , provider, version, key] = asBuffer(value).toString('latin1', 0, longestLabel).split(':');
  return [provider, version, key].join(':');
}

const longestLabel = 512;
