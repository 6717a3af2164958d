import { BerthError } from '../../errors/index.ts';
import { copyData } from '../decode/index.ts';
import type { Schema } from '../types.ts';
import { isData, mapFields, mapItems, own, put } from './data.ts';
import { isAbsent } from './nulls.ts';

interface Default {
  value: unknown;
  /** Of the JSON that it adds. */
  size: number;
}

/** A schema as far as defaults go: places without any below them are left out. */
interface Node {
  /** In the place of a null that the schema does not allow. */
  instead: Default | undefined;
  /** Of fields that are absent. */
  absent: readonly (Default & { field: string })[];
  properties: ReadonlyMap<string, Node>;
  /** Fields that have a schema of their own, which further ones have not. */
  declared: Readonly<Record<string, Schema>> | undefined;
  additional: Node | undefined;
  items: Node | undefined;
}

/**
 * The defaults of a structural schema, for fields that are absent, or null and not allowed to be.
 * Source: "Defaulting" of Kubernetes' documentation of custom resources.
 */
export class Defaults {
  readonly #root: Node | undefined;

  constructor(schema: Schema) {
    this.#root = nodeOf(schema);
  }

  /**
   * The value with its defaults; itself when nothing is missing. Doing it twice changes nothing. Where they come to more
   * than an object can be, throws `RequestEntityTooLarge`, or leaves out the rest (`lenient`).
   */
  fill(value: unknown, { lenient = false } = {}): unknown {
    return new Filling(lenient).fill(value, this.#root);
  }
}

/** Characters of JSON that defaults may add to one object: as many as a request may have. */
const mostAdded = 3 * 1024 * 1024;

class Filling {
  readonly #lenient: boolean;
  #left = mostAdded;

  constructor(lenient: boolean) {
    this.#lenient = lenient;
  }

  fill(value: unknown, node: Node | undefined): unknown {
    if (node === undefined) return value;
    if (Array.isArray(value)) {
      const { items } = node;
      return items === undefined ? value : mapItems(value, (item) => this.fill(this.#orDefault(item, items), items));
    }
    if (!isData(value)) return value;
    const completed = this.#addAbsent(value, node);
    if (node.properties.size === 0 && node.additional === undefined) return completed;
    return mapFields(completed, (item, key) => {
      const below = node.properties.get(key) ?? (own(node.declared, key) === undefined ? node.additional : undefined);
      return below === undefined ? item : this.fill(this.#orDefault(item, below), below);
    });
  }

  #addAbsent(object: Record<string, unknown>, { absent }: Node): Record<string, unknown> {
    let completed: Record<string, unknown> | undefined;
    for (const { field, value, size } of absent) {
      if (Object.hasOwn(object, field) || !this.#hasRoom(size)) continue;
      completed ??= { ...object };
      put(completed, field, copyData(value));
    }
    return completed ?? object;
  }

  #orDefault(value: unknown, { instead }: Node): unknown {
    return value === null && instead !== undefined && this.#hasRoom(instead.size) ? copyData(instead.value) : value;
  }

  #hasRoom(size: number): boolean {
    if (size <= this.#left) {
      this.#left -= size;
      return true;
    }
    if (this.#lenient) return false;
    const message = `the defaults of the schema make the object too large: they may add ${mostAdded} bytes`;
    throw new BerthError('RequestEntityTooLarge', message);
  }
}

function nodeOf(schema: Schema): Node | undefined {
  const entries = Object.entries(schema.properties ?? {});
  const properties = new Map<string, Node>();
  for (const [name, property] of entries) {
    const node = nodeOf(property);
    if (node !== undefined) properties.set(name, node);
  }
  const { additionalProperties: more, items } = schema;
  const node: Node = {
    instead: schema.nullable === true || isAbsent(schema.default) ? undefined : sized(schema.default),
    absent: entries
      .filter(([, property]) => !isAbsent(property.default))
      .map(([field, { default: value }]) => ({ field, ...sized(value, field) })),
    properties,
    declared: schema.properties,
    additional: typeof more === 'object' ? nodeOf(more) : undefined,
    items: items === undefined ? undefined : nodeOf(items),
  };
  const says = node.absent.length > 0 || properties.size > 0 || node.instead !== undefined;
  return says || node.additional !== undefined || node.items !== undefined ? node : undefined;
}

function sized(value: unknown, field = ''): Default {
  return { value, size: JSON.stringify(value).length + field.length + '"":,'.length };
}
