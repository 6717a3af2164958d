import { Duration, Timestamp, TypeValue, Uint } from './scalar.ts';

/** Any value of an evaluation: int is bigint, double is number, bytes are an array of them. */
export type Value =
  | boolean
  | bigint
  | number
  | string
  | null
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | List
  | Mapping
  | Opaque;

/** A value that may be absent. */
export class Optional {
  readonly value: Value | undefined;

  constructor(value: Value | undefined) {
    this.value = value;
  }
}

export const none = new Optional(undefined);

/** A value that only functions know how to use: a quantity, a URL, an authorizer. */
export abstract class Opaque {
  abstract readonly typeName: string;
  /** Only asked for a value of the same class. */
  abstract equals(other: Opaque): boolean;
  /** As plain data. */
  abstract plain(): unknown;
  /** What a cost is computed from. */
  get size(): number {
    return 1;
  }
}

/** A list; implementations may convert or join their elements only when asked for them. */
export abstract class List {
  abstract readonly size: number;
  /** Only asked for indices from 0 to `size` - 1. */
  abstract at(index: number): Value;
  /** What makes a member unique, in lists that compare and add by member or key; undefined where position counts. */
  get memberKey(): ((member: Value) => string | undefined) | undefined {
    return undefined;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let index = 0; index < this.size; index += 1) yield this.at(index);
  }
}

/** A list of values at hand. A comprehension adds to its own while nobody else can see it. */
export class ArrayList extends List {
  readonly items: Value[];

  constructor(items: Value[]) {
    super();
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  at(index: number): Value {
    return this.items[index] as Value;
  }

  override [Symbol.iterator](): IterableIterator<Value> {
    return this.items.values();
  }
}

/** A list that came about by adding to one of type `set` or `map`. */
export class KeyedList extends ArrayList {
  readonly #memberKey: (member: Value) => string | undefined;

  constructor(items: Value[], memberKey: (member: Value) => string | undefined) {
    super(items);
    this.#memberKey = memberKey;
  }

  override get memberKey(): (member: Value) => string | undefined {
    return this.#memberKey;
  }
}

/** Two lists, one after the other, without a copy: `l + l + l` stays small however often it is written. */
export class JoinedList extends List {
  readonly #left: List;
  readonly #right: List;
  readonly size: number;

  constructor(left: List, right: List) {
    super();
    this.#left = left;
    this.#right = right;
    this.size = left.size + right.size;
  }

  at(index: number): Value {
    return index < this.#left.size ? this.#left.at(index) : this.#right.at(index - this.#left.size);
  }
}

/** A map or an object with fields. */
export abstract class Mapping {
  abstract readonly size: number;
  /** The value of a key, or undefined. Keys compare as CEL compares them: `1`, `1u` and `1.0` are one key. */
  abstract get(key: Value): Value | undefined;
  abstract has(key: Value): boolean;
  abstract keys(): Iterable<Value>;
  /** What `type(x)` answers. */
  get typeName(): string {
    return 'map';
  }
  /** What is in the data, and not to be seen by expressions. */
  get hidden(): ReadonlyMap<string, unknown> {
    return nothing;
  }
}

const nothing: ReadonlyMap<string, unknown> = new Map();

/** A map of values at hand. */
export class ValueMap extends Mapping {
  readonly entries = new Map<string, readonly [Value, Value]>();
  readonly #typeName: string;

  constructor(typeName = 'map') {
    super();
    this.#typeName = typeName;
  }

  override get typeName(): string {
    return this.#typeName;
  }

  get size(): number {
    return this.entries.size;
  }

  /** Sets an entry, also one that is there; false when the key cannot be one. */
  set(key: Value, value: Value): boolean {
    const text = keyText(key);
    if (text === undefined) return false;
    this.entries.set(text, [key, value]);
    return true;
  }

  /** False when the key is there already, or cannot be one. */
  add(key: Value, value: Value): boolean {
    const text = keyText(key);
    if (text === undefined || this.entries.has(text)) return false;
    this.entries.set(text, [key, value]);
    return true;
  }

  get(key: Value): Value | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.entries.get(text)?.[1];
  }

  has(key: Value): boolean {
    const text = keyText(key);
    return text !== undefined && this.entries.has(text);
  }

  *keys(): Iterable<Value> {
    for (const [key] of this.entries.values()) yield key;
  }
}

/** One text for equal keys, or undefined for what can be no key. */
export function keyText(key: Value): string | undefined {
  switch (typeof key) {
    case 'string':
      return `s${key}`;
    case 'boolean':
      return `b${key}`;
    case 'bigint':
      return `n${key}`;
    case 'number':
      return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
    default:
      return key instanceof Uint ? `n${key.value}` : undefined;
  }
}

/** The type's name, as `type(x)` answers and messages print it. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  if (value instanceof List) return 'list';
  return value.typeName;
}
