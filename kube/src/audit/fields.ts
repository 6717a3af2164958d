import { BerthError } from '../errors/index.ts';

/** Reads an object's fields, each of its type, and notes those that nobody asked for. Null stands for what is absent. */
export class Fields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #unknown: string[];
  readonly #known = new Set<string>();

  /** Throws `Invalid` when `value` is no object. The paths of fields that are left over go to `unknown`. */
  constructor(value: unknown, path: string, unknown: string[]) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object');
    this.#value = value as Record<string, unknown>;
    this.#path = path;
    this.#unknown = unknown;
  }

  text(name: string): string {
    const value = this.#get(name) ?? '';
    if (typeof value !== 'string') throw wrong(this.#at(name), 'a string');
    return value;
  }

  texts(name: string): string[] {
    return this.#list(name).map((item, index) => {
      if (typeof item !== 'string') throw wrong(`${this.#at(name)}[${index}]`, 'a string');
      return item;
    });
  }

  flag(name: string): boolean | undefined {
    const value = this.#get(name) ?? undefined;
    if (value !== undefined && typeof value !== 'boolean') throw wrong(this.#at(name), 'true or false');
    return value;
  }

  objects<T>(name: string, read: (fields: Fields) => T): T[] {
    return this.#list(name).map((item, index) => {
      const fields = new Fields(item, `${this.#at(name)}[${index}]`, this.#unknown);
      const found = read(fields);
      fields.end();
      return found;
    });
  }

  /** For what is known and does not matter. */
  skip(name: string): void {
    this.#known.add(name);
  }

  /** To be called once all fields are read. */
  end(): void {
    for (const name of Object.keys(this.#value)) if (!this.#known.has(name)) this.#unknown.push(this.#at(name));
  }

  #list(name: string): readonly unknown[] {
    const value = this.#get(name) ?? [];
    if (!Array.isArray(value)) throw wrong(this.#at(name), 'a list');
    return value;
  }

  #get(name: string): unknown {
    this.#known.add(name);
    return this.#value[name];
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}

function wrong(path: string, wanted: string): BerthError {
  return new BerthError('Invalid', `failed decoding: ${path === '' ? '' : `${path}: `}${wanted} is wanted`);
}
