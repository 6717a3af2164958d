import type { ErrorCause } from '../../errors/index.ts';
import type { Schema } from '../types.ts';
import { child, duplicate, entry, goJson, invalid } from './causes.ts';
import { type Data, isData, own, put } from './data.ts';

/** Whether a schema has lists of type `set` or `map` anywhere. */
export function hasKeyedLists(schema: Schema): boolean {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'set' || listType === 'map') return true;
  if (schema.items !== undefined && hasKeyedLists(schema.items)) return true;
  if (typeof schema.additionalProperties === 'object' && hasKeyedLists(schema.additionalProperties)) return true;
  return Object.values(schema.properties ?? {}).some(hasKeyedLists);
}

/** Items that stand twice in lists of type `set`, or whose keys stand twice in lists of type `map`. */
export function checkLists(value: unknown, schema: Schema | undefined, path = ''): ErrorCause[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    const found = checkList(value, schema, path);
    for (const [index, item] of value.entries()) found.push(...checkLists(item, schema.items, entry(path, index)));
    return found;
  }
  if (!isData(value)) return [];
  const found: ErrorCause[] = [];
  for (const [key, item] of Object.entries(value)) {
    if (typeof schema.additionalProperties === 'object') {
      found.push(...checkLists(item, schema.additionalProperties, entry(path, key)));
    }
    found.push(...checkLists(item, own(schema.properties, key), child(path, key)));
  }
  return found;
}

function checkList(list: readonly unknown[], schema: Schema, path: string): ErrorCause[] {
  switch (schema['x-kubernetes-list-type']) {
    case 'set':
      return repeated(list).map((index) => duplicate(entry(path, index), list[index]));
    case 'map':
      return checkKeys(list, schema['x-kubernetes-list-map-keys'] ?? [], path);
    default:
      return [];
  }
}

function checkKeys(list: readonly unknown[], fields: readonly string[], path: string): ErrorCause[] {
  const strange = list.findIndex((item) => item !== null && !isData(item));
  if (strange >= 0) {
    return [invalid(entry(path, strange), list[strange], 'must be an object for an array of list-type map')];
  }
  const keys = list.map((item) => {
    const key: Data = {};
    for (const field of fields) if (isData(item) && Object.hasOwn(item, field)) put(key, field, item[field]);
    return key;
  });
  return repeated(keys).map((index) => duplicate(entry(path, index), keys[index]));
}

/** Where something stands that stood before, each once. */
function repeated(list: readonly unknown[]): number[] {
  if (list.length < 2) return [];
  const times = new Map<string, number>();
  return list.flatMap((item, index) => {
    const text = goJson(item);
    const before = times.get(text) ?? 0;
    times.set(text, before + 1);
    return before === 1 ? [index] : [];
  });
}
