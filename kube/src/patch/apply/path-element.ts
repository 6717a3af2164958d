import { type Data, isData } from '../data.ts';

/**
 * An element of a path as `FieldsV1` writes it: `f:name` a field, `k:{"name":"a"}` an element of a list that is a map,
 * `v:"a"` one of a list that is a set, `i:0` an index. One element has one spelling, so that strings compare.
 * Source: KEP-555; `structured-merge-diff/fieldpath`.
 */
export type PathElement = string;

export function fieldElement(name: string): PathElement {
  return `f:${name}`;
}

export function valueElement(value: unknown): PathElement {
  return `v:${JSON.stringify(value)}`;
}

/** Keys in the order of their names. */
export function keyElement(keys: Readonly<Data>): PathElement {
  const names = Object.keys(keys).sort();
  return `k:{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(keys[name])}`).join(',')}}`;
}

/** The one spelling of an element that somebody wrote; undefined for kinds of elements that are not known. Throws. */
export function readElement(text: string): PathElement | undefined {
  if (text.length < 2) throw new Error('key must be 2 characters long:');
  if (text[1] !== ':') throw new Error(`missing colon: ${text}`);
  const rest = text.slice(2);
  if (text.startsWith('f:')) return text;
  if (text.startsWith('v:')) return valueElement(JSON.parse(rest));
  if (text.startsWith('i:')) return `i:${Number.parseInt(rest, 10)}`;
  if (!text.startsWith('k:')) return undefined;
  const keys: unknown = JSON.parse(rest);
  if (!isData(keys)) throw new Error(`not a key: ${text}`);
  return keyElement(keys);
}

/** As conflicts name it: `.spec`, `[name="a"]`, `[="a"]`, `[0]`. */
export function shownElement(element: PathElement): string {
  const text = element.slice(2);
  if (element.startsWith('f:')) return `.${text}`;
  if (element.startsWith('v:')) return `[=${shownValue(JSON.parse(text))}]`;
  if (element.startsWith('i:')) return `[${text}]`;
  const keys = Object.entries(JSON.parse(text) as Data);
  return `[${keys.map(([key, value]) => `${key}=${shownValue(value)}`).join(',')}]`;
}

/** A value in an error or a path. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(shownValue).join(',')}]`;
  if (!isData(value)) return JSON.stringify(value) ?? 'null';
  return Object.entries(value)
    .map(([key, item]) => `${key}=${shownValue(item)}`)
    .join('');
}

const kinds = 'fkvi';

/** In the order of a set: fields, keys, values, indices; within them by name or value. */
export function inElementOrder<Below>(entries: readonly (readonly [PathElement, Below])[]) {
  if (entries.length < 2) return entries;
  // Each is read once, not once for each comparison.
  return entries
    .map((entry) => ({ entry, element: entry[0], kind: kinds.indexOf(entry[0].charAt(0)), value: orderedBy(entry[0]) }))
    .sort(compareElements)
    .map(({ entry }) => entry);
}

function orderedBy(element: PathElement): unknown {
  return element.startsWith('f:') ? undefined : JSON.parse(element.slice(2));
}

interface Ordered {
  element: PathElement;
  kind: number;
  value: unknown;
}

function compareElements(a: Ordered, b: Ordered): number {
  if (a.kind !== b.kind) return a.kind - b.kind;
  if (a.value === undefined) return a.element < b.element ? -1 : a.element > b.element ? 1 : 0;
  return a.element.startsWith('k:') ? compareKeys(a.value as Data, b.value as Data) : compareValues(a.value, b.value);
}

function compareKeys(a: Data, b: Data): number {
  const [ours, theirs] = [Object.entries(a), Object.entries(b)];
  for (const [index, [name, value]] of ours.entries()) {
    const other = theirs[index];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const order = compareValues(value, other[1]);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}

/** Numbers before strings before booleans. */
function compareValues(a: unknown, b: unknown): number {
  const order = ['number', 'string', 'boolean'];
  const kind = order.indexOf(typeof a) - order.indexOf(typeof b);
  if (kind !== 0) return kind;
  const [left, right] = [a as string, b as string];
  return left < right ? -1 : left > right ? 1 : 0;
}
