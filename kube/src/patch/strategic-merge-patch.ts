import { BerthError } from '../errors/index.ts';
import type { Schema, SchemaCatalogue } from '../schema/types.ts';
import { clone, type Data, identityOf, isData, own, put, sameData } from './data.ts';
import { type Ordering, ordered } from './element-order.ts';
import { goTypeOf, inapplicable, noObject, shownAsGo, unexpected } from './refusals.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/**
 * Applies a strategic merge patch and answers the result; `original` stays as it is. Which lists merge, and by which
 * key, comes from the schema; what the schema does not know merges like a merge patch.
 * Throws `BadRequest` for malformed directives, `Invalid` for lists of lists, and `InternalError`, as Kubernetes does,
 * for elements without their merge key and for unknown values of `$patch`.
 * Source: "Strategic Merge Patch" of the Kubernetes community's API documents.
 */
export function applyStrategicMergePatch<T extends object>(
  schema: Schema,
  catalogue: SchemaCatalogue,
  original: T,
  patch: unknown,
): T {
  if (patch === null) return structuredClone(original);
  if (!isData(patch)) throw new BerthError('BadRequest', noObject(patch));
  const merger = new Merger(catalogue);
  return merger.map(clone(original) as unknown as Data, clone(patch), catalogue.resolve(schema)) as unknown as T;
}

/** How a field merges. */
interface FieldRules {
  strategy: string;
  mergeKey: string;
  /** Of the field's value, or of the elements of its list. */
  below: Schema | undefined;
}

class Merger {
  readonly #catalogue: SchemaCatalogue;

  constructor(catalogue: SchemaCatalogue) {
    this.#catalogue = catalogue;
  }

  /** Both arguments are ours to change. */
  map(original: Data, patch: Data, schema: Schema | undefined): Data {
    if (Object.hasOwn(patch, directive)) {
      const { [directive]: kind, ...rest } = patch;
      if (kind === 'replace') return rest;
      if (kind === 'delete') return {};
      throw unknownDirective(kind, patch);
    }
    retainOnly(original, patch);
    for (const [key, order] of Object.entries(patch)) {
      if (key.startsWith(orderPrefix)) this.#ordered(original, patch, key, order, schema);
    }
    for (const [key, value] of Object.entries(patch)) {
      const isDeletion = key.startsWith(deletePrefix);
      this.#field(original, isDeletion ? key.slice(deletePrefix.length) : key, value, schema, isDeletion);
    }
    return original;
  }

  #field(original: Data, key: string, value: unknown, schema: Schema | undefined, isDeletion: boolean): void {
    if (value === null) {
      delete original[key];
      return;
    }
    const present = own(original, key);
    if (present === undefined || present === null || goTypeOf(present) !== goTypeOf(value)) {
      if (!isDeletion) take(original, key, value);
      return;
    }
    const rules = this.#rulesOf(schema, key);
    if (Array.isArray(value) && Array.isArray(present)) {
      const merges = rules.strategy === 'merge' || isDeletion;
      put(original, key, merges ? this.#list(present, value, rules, isDeletion) : value);
    } else if (isData(value) && isData(present)) {
      put(original, key, rules.strategy === 'replace' ? value : this.map(present, value, rules.below));
    } else put(original, key, value);
  }

  #list(original: unknown[], patch: unknown[], rules: FieldRules, isDeletion: boolean): unknown[] {
    if (original.length === 0 && patch.length === 0) return original;
    if (!holdsMaps(original, patch)) {
      if (isDeletion) {
        const deleted = new Set(patch);
        return original.filter((item) => !deleted.has(item));
      }
      const merged = [...new Set([...original, ...patch])];
      return arranged(merged, patch, original, '');
    }
    const { mergeKey } = rules;
    if (mergeKey === '') throw unexpected('cannot merge lists without merge key for ');
    const special = splitSpecial(original as Data[], patch as Data[], mergeKey);
    const merged: Data[] = [];
    const places = new Map<unknown, number>();
    const append = (element: Data) => {
      const key = keyOf(element, mergeKey);
      if (key !== undefined && !places.has(key)) places.set(key, merged.length);
      merged.push(element);
    };
    special.original.forEach(append);
    for (const element of special.patch) {
      const key = keyOf(element, mergeKey);
      if (key === undefined) throw noMergeKey(element, mergeKey);
      const index = places.get(key);
      if (index === undefined) append(element);
      else merged[index] = this.map(merged[index] as Data, element, rules.below);
    }
    return arranged(merged, special.patch, special.original, mergeKey);
  }

  /** A list with `$setElementOrder`: merged, and in the order that it gives. */
  #ordered(original: Data, patch: Data, key: string, order: unknown, schema: Schema | undefined): void {
    delete patch[key];
    const field = key.slice(orderPrefix.length);
    const [live, given] = [own(original, field), own(patch, field)];
    for (const list of [order, live, given]) {
      if (list !== undefined && !Array.isArray(list)) {
        throw unexpected(`expected a []interface {}, but received a ${goTypeOf(list)}`);
      }
    }
    const rules = this.#rulesOf(schema, field);
    checkOrder((given ?? []) as unknown[], order as unknown[], rules.mergeKey);
    let merged: unknown[];
    const before = Array.isArray(live) ? [...live] : [];
    if (!Array.isArray(given)) {
      if (!Array.isArray(live)) return;
      merged = live;
    } else if (!Array.isArray(live)) merged = withoutDirectives(given) as unknown[];
    else merged = rules.strategy === 'merge' ? this.#list(live, given, rules, false) : given;
    holdsMaps(before, (given ?? []) as unknown[]);
    put(original, field, arranged(merged, order as unknown[], before, rules.mergeKey));
    delete patch[field];
  }

  #rulesOf(schema: Schema | undefined, key: string): FieldRules {
    const properties = schema?.properties;
    const values = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
    const field = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : values;
    const strategies = field?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
    const target = field === undefined ? undefined : this.#catalogue.resolve(field);
    const items = target?.items;
    return {
      strategy: strategies.find((strategy) => strategy !== 'retainKeys') ?? '',
      mergeKey: field?.['x-kubernetes-patch-merge-key'] ?? '',
      below: target?.type === 'array' ? items && this.#catalogue.resolve(items) : target,
    };
  }
}

/** Takes a value that was not there, or was of another type. */
function take(original: Data, key: string, value: unknown): void {
  const kept = withoutDirectives(withoutNulls(value));
  if (kept === undefined) delete original[key];
  else put(original, key, kept);
}

/** `$retainKeys`: what the list does not name goes; the patch itself may not set anything that it does not name. */
function retainOnly(original: Data, patch: Data): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const kept = patch[retainKeys];
  delete patch[retainKeys];
  const malformed = new BerthError('BadRequest', 'invalid patch format of retainKeys');
  if (!Array.isArray(kept)) throw malformed;
  const names = new Set<unknown>(kept);
  for (const [key, value] of Object.entries(patch)) {
    const isDirective = key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
    if (value !== null && !isDirective && !names.has(key)) throw malformed;
  }
  for (const key of Object.keys(original)) if (!names.has(key)) delete original[key];
}

/** Elements that say what to do with others, carried out; what is left to merge. */
function splitSpecial(original: Data[], patch: Data[], mergeKey: string): { original: Data[]; patch: Data[] } {
  const rest: Data[] = [];
  const deleted = new Set<unknown>();
  let replaces = false;
  for (const element of patch) {
    if (!Object.hasOwn(element, directive)) {
      rest.push(element);
      continue;
    }
    const kind = element[directive];
    if (kind === 'delete') {
      const key = keyOf(element, mergeKey);
      if (key === undefined) throw noMergeKey(element, mergeKey);
      deleted.add(key);
    } else if (kind === 'replace') replaces = true;
    else if (kind === 'merge') throw unexpected('merging lists cannot yet be specified in the patch');
    else throw unknownDirective(kind, element);
  }
  if (replaces) return { original: rest, patch: [] };
  const kept = deleted.size === 0 ? original : original.filter((item) => !deleted.has(keyOf(item, mergeKey)));
  return { original: kept, patch: rest };
}

/** Whether the elements are maps. Throws when they are lists, or of several types. */
function holdsMaps(...lists: readonly (readonly unknown[])[]): boolean {
  const items = lists.flat();
  const [first] = items;
  if (items.length === 0) throw unexpected('no elements in any of the given slices');
  if (Array.isArray(first)) throw inapplicable();
  const type = goTypeOf(first);
  const other = items.find((item) => goTypeOf(item) !== type);
  if (other !== undefined) throw unexpected(`list element types are not identical: ${type} ${goTypeOf(other)}`);
  return isData(first);
}

/** The elements of the patch in the order of `order`, the others where they stood in `live`. */
function arranged(items: unknown[], order: readonly unknown[], live: readonly unknown[], mergeKey: string): unknown[] {
  const isKeyed = mergeKey !== '';
  const ordering: Ordering = { identity: (item) => (isKeyed ? own(item as Data, mergeKey) : item), order, live };
  if (isKeyed) {
    for (const item of [...items, ...order]) {
      if (!isData(item)) throw unexpected(`expected a map[string]interface {}, but received a ${goTypeOf(item)}`);
      if (!Object.hasOwn(item, mergeKey)) throw noMergeKey(item, mergeKey);
    }
  }
  return ordered(items, ordering);
}

/** The patch may not contradict the order that it gives, nor leave out of it what it sets. */
function checkOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (patch.length === 0 || order.length === 0) return;
  const isSpecial = (item: unknown) => isData(item) && Object.hasOwn(item, directive);
  const items = mergeKey === '' ? patch : patch.filter((item) => !isData(item) || item[directive] !== 'delete');
  let [next, place] = [0, 0];
  while (next < items.length && place < order.length) {
    if (isSpecial(items[next])) next++;
    else if (sameIdentity(items[next], order[place++], mergeKey)) next++;
  }
  if (next >= items.length || place < order.length) return;
  throw unexpected(
    `The order in patch list:\n${shownAsGo(patch)}\n doesn't match $setElementOrder list:\n${shownAsGo(order)}\n`,
  );
}

function sameIdentity(item: unknown, place: unknown, mergeKey: string): boolean {
  if (mergeKey === '') return item === place;
  for (const one of [item, place]) {
    if (!isData(one)) throw unexpected(`expected a map[string]interface {}, but received a ${goTypeOf(one)}`);
    if (!Object.hasOwn(one, mergeKey)) throw noMergeKey(one, mergeKey);
  }
  return sameKey(item as Data, mergeKey, own(place as Data, mergeKey));
}

function sameKey(item: Data, mergeKey: string, value: unknown): boolean {
  return Object.hasOwn(item, mergeKey) && sameData(item[mergeKey], value);
}

/** What an element is known by; undefined when it has no merge key. */
function keyOf(element: Data, mergeKey: string): unknown {
  return Object.hasOwn(element, mergeKey) ? identityOf(element[mergeKey]) : undefined;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isData(value)) return value;
  const kept: Data = {};
  for (const [key, item] of Object.entries(value)) if (item !== null) put(kept, key, withoutNulls(item));
  return kept;
}

/** The value without the parts that only say what to do; undefined when it is one itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isData(value)) return value;
  if (Object.hasOwn(value, directive)) return undefined;
  const kept: Data = {};
  for (const [key, item] of Object.entries(value)) {
    const left = withoutDirectives(item);
    if (left !== undefined) put(kept, key, left);
  }
  return kept;
}

function noMergeKey(element: Data, mergeKey: string): BerthError {
  return unexpected(`map: ${shownAsGo(element)} does not contain declared merge key: ${mergeKey}`);
}

function unknownDirective(kind: unknown, patch: Data): BerthError {
  return unexpected(`unknown patch type: ${shownAsGo(kind)} in map: ${shownAsGo(patch)}`);
}
