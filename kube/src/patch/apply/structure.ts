import type { Schema, SchemaCatalogue } from '../../schema/types.ts';
import { type Data, isData, own } from '../data.ts';
import { keyElement, type PathElement, valueElement } from './path-element.ts';

/** An object's schema, and where its references lead. A kind without schema is taken apart by the shape of its values. */
export interface TypedBy {
  schema: Schema | undefined;
  catalogue: SchemaCatalogue;
  /**
   * What the type of `definition` writes for a field that is absent: null, a zero, or nothing (undefined). It decides
   * whether a field that appears came with the object around it or was there before.
   */
  absent?: (definition: Schema, field: string) => null | string | number | boolean | undefined;
  /** What there is of an object before anything was written; `{}` besides its kind when not given. */
  empty?: Readonly<Data>;
}

/** A value that is no element of its list: it cannot be told from others. The message is Kubernetes' own. */
export class NoElement extends Error {}

/** How a value divides into parts that different managers may own. */
export type Structure = Scalar | MapStructure | ListStructure;

export interface Scalar {
  type: 'scalar';
  scalar: 'string' | 'number' | 'boolean' | 'any';
}

export interface MapStructure {
  type: 'map';
  atomic: boolean;
  /** Of a field or key; `undefined` without `isKnown` is a value of any shape. */
  of(key: string): Schema | undefined;
  isDeclared(key: string): boolean;
  /** Whether such a key may be there at all. */
  isKnown(key: string): boolean;
  /** What stands for the absent field. */
  absent(key: string): unknown;
}

export interface ListStructure {
  type: 'list';
  /** What tells elements apart: nothing (the list is one value), the value itself, or some of its fields. */
  by: 'nothing' | 'value' | readonly string[];
  items: Schema | undefined;
}

const anyMap: MapStructure = {
  type: 'map',
  atomic: false,
  of: () => undefined,
  isDeclared: () => false,
  isKnown: () => true,
  absent: () => undefined,
};
const atomicMap: MapStructure = { ...anyMap, atomic: true };
const anyList: ListStructure = { type: 'list', by: 'nothing', items: undefined };
const anyScalar: Scalar = { type: 'scalar', scalar: 'any' };

/** Metadata of kinds whose own schema says nothing of it. */
const objectMeta: Schema = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  properties: {
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
    finalizers: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
    generateName: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    name: { type: 'string' },
    namespace: { type: 'string' },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      items: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        'x-kubernetes-preserve-unknown-fields': true,
        properties: { uid: { type: 'string' } },
      },
    },
  },
};

/** Reads schemas as structures; each schema is read once. */
export class Structures {
  readonly #typed: TypedBy;
  readonly #known = new WeakMap<Schema, Structure | 'any' | 'deduced'>();
  /** What stands below a part that keeps unknown fields keeps them too. */
  readonly #preserved = new WeakSet<Schema>();

  constructor(typed: TypedBy) {
    this.#typed = typed;
  }

  /** The structure of a value: that of its schema, except where the schema allows several. */
  of(schema: Schema | undefined, value: unknown): Structure {
    if (schema === undefined) return structureOfAny(value);
    let structure = this.#known.get(schema);
    if (structure === undefined) {
      structure = this.#read(schema);
      this.#known.set(schema, structure);
    }
    if (structure === 'any') return structureOfAny(value, true);
    if (structure === 'deduced') return structureOfAny(value);
    return structure;
  }

  /** The element of a list that is taken apart. Throws `NoElement` for those that cannot be told from others. */
  elementOf(list: ListStructure, value: unknown): PathElement {
    if (list.by === 'nothing') throw new NoElement('invalid indexing of non-associative list');
    if (list.by === 'value') {
      if (isData(value)) throw new NoElement("associative list without keys has an element that's a map type");
      if (Array.isArray(value)) throw new NoElement('not supported: associative list with lists as elements');
      if (value === null || value === undefined) {
        throw new NoElement("associative list without keys has an element that's an explicit null");
      }
      return valueElement(value);
    }
    if (value === null || value === undefined) {
      throw new NoElement('associative list with keys may not have a null element');
    }
    if (!isData(value)) throw new NoElement('associative list with keys may not have non-map elements');
    const keys: Data = {};
    for (const key of list.by) {
      const part = own(value, key) ?? this.#defaultOf(list.items, key);
      if (part !== undefined && part !== null) keys[key] = part;
    }
    if (Object.keys(keys).length === 0) {
      const names = `[${list.by.map((key) => JSON.stringify(key)).join(' ')}]`;
      throw new NoElement(
        `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
      );
    }
    return keyElement(keys);
  }

  #defaultOf(items: Schema | undefined, key: string): unknown {
    if (items === undefined) return undefined;
    const target = this.#typed.catalogue.resolve(items);
    const field = own((target.properties ?? {}) as Data, key) as Schema | undefined;
    return field?.default ?? this.#typed.absent?.(target, key);
  }

  #read(schema: Schema): Structure | 'any' | 'deduced' {
    const target = this.#typed.catalogue.resolve(schema);
    const any = target['x-kubernetes-preserve-unknown-fields'] === true || this.#preserved.has(schema);
    if (any) this.#preserve(target);
    if (target['x-kubernetes-int-or-string'] === true || target.format === 'quantity') return anyScalar;
    switch (target.type) {
      case 'object':
        return this.#readMap(schema, target, any);
      case 'array':
        return readList(schema, target);
      case 'string':
        return { type: 'scalar', scalar: 'string' };
      case 'boolean':
        return { type: 'scalar', scalar: 'boolean' };
      case 'integer':
      case 'number':
        return { type: 'scalar', scalar: 'number' };
      default:
        if (target.properties !== undefined) return this.#readMap(schema, target, any);
        // A built-in type of any shape, as a schema's default, is one value; what a custom kind keeps is taken apart.
        return any && this.#typed.absent === undefined ? 'deduced' : 'any';
    }
  }

  #preserve(target: Schema): void {
    if (this.#typed.absent !== undefined) return;
    for (const below of belowOf(target)) this.#preserved.add(below);
  }

  #readMap(schema: Schema, target: Schema, any: boolean): Structure {
    const atomic = (schema['x-kubernetes-map-type'] ?? target['x-kubernetes-map-type']) === 'atomic';
    const { properties, additionalProperties } = target;
    const values = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    // The built-in types know no free-form maps; custom kinds are taken apart by the shape of their values there.
    if (properties === undefined && values === undefined) {
      return any || (this.#typed.absent === undefined && !atomic) ? anyMap : atomicMap;
    }
    const isRoot = target === (this.#typed.schema && this.#typed.catalogue.resolve(this.#typed.schema));
    const declared = (key: string): Schema | undefined => {
      const found = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (!isRoot) return found;
      if (key === 'metadata' && (found === undefined || (found.$ref === undefined && !found.properties?.labels))) {
        return objectMeta;
      }
      return found ?? (key === 'apiVersion' || key === 'kind' ? { type: 'string' } : undefined);
    };
    const absent = this.#typed.absent;
    return {
      type: 'map',
      atomic,
      of: (key) => declared(key) ?? values,
      isDeclared: (key) => declared(key) !== undefined,
      isKnown: (key) => any || values !== undefined || declared(key) !== undefined,
      absent: (key) => (absent?.(target, key) === null ? null : undefined),
    };
  }
}

function belowOf({ properties, additionalProperties, items }: Schema): Schema[] {
  const below = Object.values(properties ?? {});
  if (typeof additionalProperties === 'object') below.push(additionalProperties);
  if (items !== undefined) below.push(items);
  return below;
}

function readList(schema: Schema, target: Schema): ListStructure {
  const type = schema['x-kubernetes-list-type'] ?? target['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? target['x-kubernetes-list-map-keys'] ?? [];
  const { items } = target;
  if (type === 'set') return { type: 'list', by: 'value', items };
  return { type: 'list', by: type === 'map' && keys.length > 0 ? keys : 'nothing', items };
}

function structureOfAny(value: unknown, atomic = false): Structure {
  if (Array.isArray(value)) return anyList;
  if (isData(value) || value === null || value === undefined) return atomic ? atomicMap : anyMap;
  return anyScalar;
}
