import { BerthError } from '../errors/index.ts';
import type { Schema, SchemaCatalogue } from '../schema/types.ts';
import { clone, type Data, isData, own, put, sameData } from './data.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/**
 * Applies a strategic merge patch and answers the result; `original` stays as it is. Which lists merge, and by which
 * key, comes from the schema; what the schema does not know merges like a merge patch.
 * Throws `BadRequest` for malformed directives, `Invalid` for elements without their merge key.
 * Source: "Strategic Merge Patch" of the Kubernetes community's API documents.
 */
export function applyStrategicMergePatch<T extends object>(
  schema: Schema,
  catalogue: SchemaCatalogue,
  original: T,
  patch: unknown,
): T {
  if (!isData(patch)) throw new BerthError('BadRequest', 'a strategic merge patch must be an object');
  return new Merger(catalogue).map(
    clone(original) as unknown as Data,
    clone(patch),
    catalogue.resolve(schema),
  ) as unknown as T;
}

class Merger {
  readonly #catalogue: SchemaCatalogue;

  constructor(catalogue: SchemaCatalogue) {
    this.#catalogue = catalogue;
  }

  /** Both arguments are ours to change. */
  map(original: Data, patch: Data, schema: Schema | undefined): Data {
    switch (own(patch, directive)) {
      case undefined:
        break;
      case 'replace':
        return withoutDirectives(patch);
      case 'delete':
        return {};
      case 'merge':
        break;
      default:
        throw malformed(`unknown patch type found: ${JSON.stringify(own(patch, directive))}`);
    }
    retainOnly(original, patch);
    const before = new Map<string, unknown[]>();
    for (const [key, value] of Object.entries(patch)) {
      if (key.startsWith(orderPrefix)) {
        const field = key.slice(orderPrefix.length);
        const list = own(original, field);
        if (!Array.isArray(value)) throw malformed(`${key} is not a list`);
        if (Array.isArray(list)) before.set(field, [...list]);
      }
    }
    for (const [key, value] of Object.entries(patch)) {
      if (key === directive || key === retainKeys || key.startsWith(orderPrefix)) continue;
      if (key.startsWith(deletePrefix)) removePrimitives(original, key.slice(deletePrefix.length), value);
      else this.#field(original, key, value, schema);
    }
    for (const [key, value] of Object.entries(patch)) {
      if (key.startsWith(orderPrefix))
        this.#order(original, key.slice(orderPrefix.length), value as unknown[], before, schema);
    }
    return original;
  }

  #field(original: Data, key: string, value: unknown, schema: Schema | undefined): void {
    if (value === null) {
      delete original[key];
      return;
    }
    const present = own(original, key);
    const field = this.#fieldSchema(schema, key);
    const strategies = field?.['x-kubernetes-patch-strategy']?.split(',') ?? [];
    if (isData(value) && isData(present) && !strategies.includes('replace')) {
      put(original, key, this.map(present, value, this.#resolve(field)));
    } else if (Array.isArray(value) && Array.isArray(present) && strategies.includes('merge')) {
      put(original, key, this.#list(present, value, field, key));
    } else if (isData(value) && own(value, directive) === 'delete') {
      delete original[key];
    } else if (Array.isArray(value) && strategies.includes('merge')) {
      put(original, key, this.#list([], value, field, key));
    } else {
      put(original, key, withoutDirectives(value));
    }
  }

  #list(original: unknown[], patch: unknown[], field: Schema | undefined, name: string): unknown[] {
    if (patch.some(Array.isArray)) throw inapplicable(`lists of lists are not supported: ${name}`);
    if (!patch.some(isData)) {
      const added = patch.filter((item, index) => patch.indexOf(item) === index && !original.includes(item));
      return [...original, ...added];
    }
    const mergeKey = field?.['x-kubernetes-patch-merge-key'];
    if (mergeKey === undefined) throw inapplicable(`cannot merge lists without merge key: ${name}`);
    const items = this.#resolve(this.#resolve(field)?.items);
    const elements = patch.map((element) => {
      if (!isData(element)) throw malformed(`${name} has elements of different types`);
      return element;
    });
    let result = [...original];
    if (elements.some((element) => own(element, directive) === 'replace')) result = [];
    for (const element of elements) {
      const kind = own(element, directive);
      if (kind === 'replace') continue;
      const keyValue = own(element, mergeKey);
      if (keyValue === undefined || keyValue === null) {
        throw inapplicable(`${name}: map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`);
      }
      const matches = (item: unknown) => isData(item) && sameData(own(item, mergeKey), keyValue);
      if (kind === 'delete') {
        result = result.filter((item) => !matches(item));
        continue;
      }
      if (kind !== undefined && kind !== 'merge') throw malformed(`unknown patch type found: ${JSON.stringify(kind)}`);
      const index = result.findIndex(matches);
      if (index < 0) result.push(this.map({}, element, items));
      else result[index] = this.map(result[index] as Data, element, items);
    }
    return result;
  }

  /**
   * Puts the elements that the patch orders into its order, and those it does not name where they stood among the
   * others: a step goes to the patch's next element only when that stood before the next of the rest.
   */
  #order(
    original: Data,
    name: string,
    order: unknown[],
    before: ReadonlyMap<string, unknown[]>,
    schema: Schema | undefined,
  ): void {
    const list = own(original, name);
    if (!Array.isArray(list)) return;
    const mergeKey = this.#fieldSchema(schema, name)?.['x-kubernetes-patch-merge-key'];
    const identity = (item: unknown) => (isData(item) && mergeKey !== undefined ? own(item, mergeKey) : item);
    const position = (items: readonly unknown[], item: unknown) =>
      items.findIndex((other) => sameData(identity(other), identity(item)));
    const live = before.get(name) ?? [];
    const ordered = list
      .filter((item) => position(order, item) >= 0)
      .sort((a, b) => position(order, a) - position(order, b));
    const rest = list.filter((item) => position(order, item) < 0);
    const result: unknown[] = [];
    while (ordered.length > 0 && rest.length > 0) {
      const [a, b] = [position(live, ordered[0]), position(live, rest[0])];
      result.push(a >= 0 && b >= 0 && a < b ? ordered.shift() : rest.shift());
    }
    put(original, name, [...result, ...ordered, ...rest]);
  }

  #fieldSchema(schema: Schema | undefined, key: string): Schema | undefined {
    const properties = schema?.properties;
    if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
    return typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined;
  }

  #resolve(schema: Schema | undefined): Schema | undefined {
    return schema === undefined ? undefined : this.#catalogue.resolve(schema);
  }
}

/** `$retainKeys`: what the list does not name goes; the patch itself may not set anything that it does not name. */
function retainOnly(original: Data, patch: Data): void {
  if (!Object.hasOwn(patch, retainKeys)) return;
  const kept = patch[retainKeys];
  if (!Array.isArray(kept) || kept.some((key) => typeof key !== 'string')) {
    throw malformed('invalid patch format of retainKeys: it must be a list of names');
  }
  for (const [key, value] of Object.entries(patch)) {
    if (!key.startsWith('$') && value !== null && !kept.includes(key)) {
      throw malformed(
        `invalid patch format of retainKeys: it does not name ${JSON.stringify(key)}, which the patch sets`,
      );
    }
  }
  for (const key of Object.keys(original)) if (!kept.includes(key)) delete original[key];
}

function removePrimitives(original: Data, name: string, values: unknown): void {
  if (!Array.isArray(values))
    throw malformed(`invalid patch format of primitive list: ${deletePrefix}${name} is not a list`);
  const list = own(original, name);
  if (Array.isArray(list))
    put(
      original,
      name,
      list.filter((item) => !values.some((value) => sameData(item, value))),
    );
}

/** What a patch says of a part that did not exist: its values, without nulls and directives. */
function withoutDirectives(value: unknown): Data;
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.filter((item) => !isData(item) || own(item, directive) !== 'delete').map(withoutDirectives);
  }
  if (!isData(value)) return value;
  const kept: Data = {};
  for (const [key, item] of Object.entries(value)) {
    const isDirective =
      key === directive || key === retainKeys || key.startsWith(deletePrefix) || key.startsWith(orderPrefix);
    if (!isDirective && item !== null) put(kept, key, withoutDirectives(item));
  }
  return kept;
}

function malformed(why: string): BerthError {
  return new BerthError('BadRequest', why);
}

function inapplicable(why: string): BerthError {
  return new BerthError('Invalid', `the server rejected our request due to an error in our request: ${why}`);
}
