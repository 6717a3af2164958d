/** Custom objects are data of any shape: every access goes through these, so that `__proto__` is a key like any other. */

export type Data = Record<string, unknown>;

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object's own field; undefined when it has none. */
export function own<T>(object: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

export function put(object: Data, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** The object with each field's new value, without those that became undefined; itself when nothing changes. */
export function mapFields(object: Data, map: (value: unknown, key: string) => unknown): Data {
  const keys = Object.keys(object);
  let copy: Data | undefined;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    const value = object[key];
    const mapped = map(value, key);
    if (mapped === value && copy === undefined) continue;
    if (copy === undefined) {
      copy = {};
      for (const before of keys.slice(0, index)) put(copy, before, object[before]);
    }
    if (mapped !== undefined) put(copy, key, mapped);
  }
  return copy ?? object;
}

/** The list with each item's new value; itself when nothing changes. */
export function mapItems(
  list: readonly unknown[],
  map: (value: unknown, index: number) => unknown,
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const mapped = map(list[index], index);
    if (mapped === list[index] && copy === undefined) continue;
    copy ??= list.slice(0, index);
    copy.push(mapped);
  }
  return copy ?? list;
}

/** Whether two pieces of JSON data say the same; the order of keys does not count. */
export function sameData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameData(item, b[index]));
  }
  if (!isData(a) || !isData(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameData(a[key], b[key]))
  );
}

/** Whether data nests deeper than `most` levels. Needs no stack of its own. */
export function isDeeperThan(most: number, data: unknown): boolean {
  let level: unknown[] = [data];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most) return true;
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return false;
}
