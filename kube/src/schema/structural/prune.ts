import type { Schema } from '../types.ts';
import { isData, mapFields, mapItems, own } from './data.ts';

const typeAndMeta = new Set(['apiVersion', 'kind', 'metadata']);

/**
 * A resource without the fields that its structural schema does not name; the value itself when there are none.
 * `unknown` receives their paths: `spec.list[0].foo`. What the root and embedded resources say of their type and
 * metadata stays: `coerceEmbedded` looks after it.
 * Source: "Field pruning" of Kubernetes' documentation of custom resources.
 */
export function prune(value: unknown, schema: Schema | undefined, unknown?: string[]): unknown {
  const found: string[] = [];
  const pruned = pruneValue(value, schema, '', found, true);
  unknown?.push(...found.sort());
  return pruned;
}

/** A default without what its schema does not name; itself when there is nothing. It is a part, and no resource. */
export function pruneDefault(value: unknown, schema: Schema): unknown {
  return pruneValue(value, schema, '', []);
}

function pruneValue(value: unknown, schema: Schema | undefined, at: string, unknown: string[], root = false): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const preserves = schema?.['x-kubernetes-preserve-unknown-fields'] === true;
  if (Array.isArray(value)) {
    return mapItems(value, (item, index) => pruneItem(item, schema, `${at}[${index}]`, unknown, preserves));
  }
  if (!isData(value)) return value;
  const isResource = root || schema?.['x-kubernetes-embedded-resource'] === true;
  return mapFields(value, (item, key) => {
    if (isResource && typeAndMeta.has(key)) return item;
    const path = at === '' ? key : `${at}.${key}`;
    const property = own(schema?.properties, key);
    if (property !== undefined) return pruneValue(item, property, path, unknown);
    const additional = schema?.additionalProperties;
    // `true` says nothing of the values, which then lose whatever has fields of its own, as in Kubernetes.
    if (additional !== undefined && additional !== false) {
      return pruneValue(item, additional === true ? undefined : additional, path, unknown);
    }
    if (preserves) return item;
    unknown.push(path);
    return undefined;
  });
}

function pruneItem(
  item: unknown,
  schema: Schema | undefined,
  at: string,
  unknown: string[],
  preserves: boolean,
): unknown {
  const items = schema?.items;
  // In a list that preserves what it does not know, the items do so too unless their schema says what they are.
  if (preserves && (items === undefined || items['x-kubernetes-preserve-unknown-fields'] !== true)) {
    return items === undefined ? item : pruneValue(item, { ...items, ...preserving }, at, unknown);
  }
  return pruneValue(item, items, at, unknown);
}

const preserving: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
