import { Duration, Timestamp, TypeValue, Uint } from '../values/scalar.ts';
import { formatDuration, formatTimestamp } from '../values/time.ts';
import { List, Mapping, Optional, type Value } from '../values/value.ts';

const kinds: Readonly<Record<string, string>> = {
  'kubernetes.Quantity': 'quantity',
  'kubernetes.URL': 'url',
  'net.IP': 'ip',
  'net.CIDR': 'cidr',
  'kubernetes.Semver': 'semver',
};

/** A value with its type, as the program that made `kubernetes.golden.json` prints them. */
export function show(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return String(value);
    case 'bigint':
      return `int ${value}`;
    case 'number':
      return `double ${Object.is(value, -0) ? '-0' : Number.isNaN(value) ? 'NaN' : Number.isFinite(value) ? JSON.stringify(value) : value > 0 ? '+Inf' : '-Inf'}`;
    case 'string':
      return `string ${JSON.stringify(value)}`;
    default:
      return showObject(value);
  }
}

function showObject(value: Exclude<Value, boolean | bigint | number | string>): string {
  if (value === null) return 'null';
  if (value instanceof Uint) return `uint ${value.value}`;
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Timestamp) return `timestamp ${formatTimestamp(value)}`;
  if (value instanceof Duration) return `duration ${formatDuration(value)}`;
  if (value instanceof TypeValue) return `type ${value.name}`;
  if (value instanceof Optional) return value.value === undefined ? 'none' : `optional(${show(value.value)})`;
  if (value instanceof List) return `[${[...value].map(show).join(', ')}]`;
  if (value instanceof Mapping) {
    const entries = [...value.keys()].map((key) => `${show(key)}: ${show(value.get(key) ?? null)}`);
    return `{${entries.sort().join(', ')}}`;
  }
  const kind = kinds[value.typeName];
  return kind === undefined ? value.typeName : `${kind} ${String(value.plain())}`;
}
