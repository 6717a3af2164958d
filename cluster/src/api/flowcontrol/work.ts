import { isTrue } from '../call.ts';
import type { Digest } from './types.ts';

type Options = ReadonlyMap<string, string>;

/** What is stored of a resource. */
export interface Stored {
  count: number;
  /** Of all together. */
  bytes: number;
}

const bytesPerSeat = 100_000;
/** An answer is sent in pieces: more of it than this is not in hand at once. */
const mostBytes = 1_000_000;
/** What no request is counted for more than. */
const mostSeats = 100;

/**
 * For how many seats a request counts: a list, and a watch that begins with one, for what is read for it; every other for
 * one. `most`: what its level allows; 0: no matter. Source: `list_work_estimator.go` of k8s.io/apiserver, for lists that
 * come from memory.
 */
export function seatsOf(
  { verb, name }: Pick<Digest, 'verb' | 'name'>,
  options: Options,
  { stored, most }: { stored: () => Stored | undefined; most: number },
): number {
  if (verb !== 'list' && verb !== 'watch') return 1;
  if (verb === 'watch' && !beginsWithList(options)) return 1;
  const found = stored();
  if (found === undefined || found.count === 0) return 1;
  const { count, bytes } = found;
  const limit = Number(options.get('limit') ?? 0);
  const read = name !== '' ? 1 : limit > 0 ? Math.min(limit, count) : count;
  const seats = Math.ceil(Math.min(read * Math.floor(bytes / count), mostBytes) / bytesPerSeat);
  return Math.max(1, Math.min(seats, most === 0 ? mostSeats : Math.min(most, mostSeats)));
}

function beginsWithList(options: Options): boolean {
  const initial = options.get('sendInitialEvents');
  if (initial !== undefined && isTrue(initial)) return true;
  const version = options.get('resourceVersion') ?? '';
  return version === '' || version === '0';
}
