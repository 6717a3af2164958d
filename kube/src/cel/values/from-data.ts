import { escapeField } from '../escaping.ts';
import { fail } from '../evaluate/failure.ts';
import { CelValue } from '../program.ts';
import { bytes, type CelType, dyn, type ListType, type ObjectField, type ObjectType, timestamp } from '../types.ts';
import { parseDate, parseDuration, parseTimestamp } from './time.ts';
import { KeyedList, keyText, List, Mapping, none, Optional, type Value } from './value.ts';

/**
 * Plain data (of JSON, or with getters) as a value of the declared type, converted as far as it is looked at. What does
 * not fit its type fails only then; `null` stays null whatever is declared.
 */
export function celValueOf(data: unknown, type: CelType): Value {
  if (data instanceof CelValue) return data.value as Value;
  if (type.kind === 'opaque' && type.name === 'optional_type') {
    return data === undefined ? none : new Optional(celValueOf(data, type.parameters[0] ?? dyn));
  }
  if (data === null || data === undefined) return null;
  switch (typeof data) {
    case 'boolean':
    case 'bigint':
      return data;
    case 'number':
      return type.kind === 'double' || !Number.isInteger(data) ? data : BigInt(data);
    case 'string':
      return textOf(data, type);
    case 'object':
      if (Array.isArray(data)) return new DataList(data, type.kind === 'list' ? type : undefined);
      if (data instanceof Uint8Array) return data;
      return new DataMap(data as Readonly<Record<string, unknown>>, type);
    default:
      return fail(`unsupported conversion to ref.Val: (${typeof data})`);
  }
}

function textOf(text: string, type: CelType): Value {
  switch (type.kind) {
    case bytes.kind:
      return new Uint8Array(Buffer.from(text, 'base64'));
    case timestamp.kind:
      return parseTimestamp(text) ?? parseDate(text) ?? fail(`failed to parse timestamp: ${text}`);
    case 'duration':
      return parseDuration(text) ?? fail(`failed to parse duration: ${text}`);
    default:
      return text;
  }
}

/** A JSON array. Elements are converted when they are asked for, and kept. */
class DataList extends List {
  readonly #data: readonly unknown[];
  readonly #type: ListType | undefined;
  readonly #converted: (Value | undefined)[] = [];

  constructor(data: readonly unknown[], type: ListType | undefined) {
    super();
    this.#data = data;
    this.#type = type;
  }

  get size(): number {
    return this.#data.length;
  }

  override get memberKey(): ((member: Value) => string | undefined) | undefined {
    switch (this.#type?.listType) {
      case 'set':
        return keyText;
      case 'map': {
        const fields = this.#type.mapKeys ?? [];
        return (member) =>
          member instanceof Mapping
            ? JSON.stringify(fields.map((field) => keyText(member.get(escapeField(field) ?? field) ?? null) ?? null))
            : undefined;
      }
      default:
        return undefined;
    }
  }

  at(index: number): Value {
    const known = this.#converted[index];
    if (known !== undefined) return known;
    const value = celValueOf(this.#data[index], this.#type?.element ?? dyn);
    this.#converted[index] = value;
    return value;
  }
}

/** A JSON object: an object by its declared fields (under their escaped names), anything else as a map. */
class DataMap extends Mapping {
  readonly #data: Readonly<Record<string, unknown>>;
  readonly #type: CelType;
  readonly #converted = new Map<string, Value>();
  #size: number | undefined;

  constructor(data: Readonly<Record<string, unknown>>, type: CelType) {
    super();
    this.#data = data;
    this.#type = type;
  }

  get size(): number {
    this.#size ??= Object.keys(this.#data).length;
    return this.#size;
  }

  get(key: Value): Value | undefined {
    if (typeof key !== 'string') return undefined;
    const known = this.#converted.get(key);
    if (known !== undefined) return known;
    const { property, type } = this.#field(key);
    const data = this.#read(property);
    if (data === undefined) return undefined;
    const value = celValueOf(data, type);
    this.#converted.set(key, value);
    return value;
  }

  has(key: Value): boolean {
    if (typeof key !== 'string') return false;
    return this.#converted.has(key) || this.#read(this.#field(key).property) !== undefined;
  }

  /** What the data holds, if anything: a declared field that is null is as good as absent. */
  #read(property: string | undefined): unknown {
    if (property === undefined || !Object.hasOwn(this.#data, property)) return undefined;
    const data = this.#data[property];
    return data === null && this.#type.kind === 'object' ? undefined : data;
  }

  *keys(): Iterable<Value> {
    if (this.#type.kind !== 'object') {
      yield* Object.keys(this.#data);
      return;
    }
    for (const name of this.#type.fields.keys()) if (this.has(name)) yield name;
  }

  override get hidden(): ReadonlyMap<string, unknown> {
    if (this.#type.kind !== 'object') return super.hidden;
    const declared = new Set([...this.#type.fields.values()].map(({ property }) => property));
    return new Map(Object.entries(this.#data).filter(([name]) => !declared.has(name)));
  }

  #field(name: string): { property: string | undefined; type: CelType } {
    switch (this.#type.kind) {
      case 'object':
        return fieldOf(this.#type, name) ?? { property: undefined, type: dyn };
      case 'map':
        return { property: name, type: this.#type.value };
      default:
        return { property: name, type: dyn };
    }
  }
}

function fieldOf({ fields }: ObjectType, name: string): ObjectField | undefined {
  return fields.get(name) ?? fields.get(escapeField(name) ?? name);
}

/** `a + b` where `a` is of type `set` or `map`: members of `b` take the place of those with the same key. */
export function mergeKeyed(a: List, b: List, memberKey: (member: Value) => string | undefined): List {
  const merged = new Map<string, Value>();
  for (const list of [a, b]) {
    for (const member of list) merged.set(memberKey(member) ?? `#${merged.size}`, member);
  }
  return new KeyedList([...merged.values()], memberKey);
}
