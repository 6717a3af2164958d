const largest = 2n ** 63n - 1n;
/** The last double before 2^63, as which the largest numbers are kept: printed, 2^63 would be no int64 to a Go program. */
const largestDouble = 2 ** 63 - 1024;

/** The nearest number to an int64 that is an int64 also when it is printed; undefined for what is none. */
export function fromInt64(value: bigint): number | undefined {
  if (value > largest || value < -largest - 1n) return undefined;
  return Math.min(Math.max(Number(value), -largestDouble), largestDouble);
}

/** TypeScript does not know of the source yet. */
type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const parseBySource = JSON.parse as (text: string, reviver: Reviver) => unknown;

/**
 * Like `JSON.parse`, but numbers that Kubernetes takes as int64 stay such. `overflow` makes the error for one that no
 * double can hold, which would silently become null.
 */
export function parseJson(text: string, overflow: () => Error): unknown {
  if (!/\d[eE]\+?\d{3}|\d{19}/.test(text)) return JSON.parse(text);
  return parseBySource(text, (_key, value, { source = '' }) => {
    if (typeof value !== 'number' || Math.abs(value) < 2 ** 63) return value;
    if (!Number.isFinite(value)) throw overflow();
    return /^-?\d+$/.test(source) ? (fromInt64(BigInt(source)) ?? value) : value;
  });
}
