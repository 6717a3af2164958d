import type { Pod } from '@berth/kube/objects';
import { earlierFailures, endOf } from './pods.ts';

/** The delay before a failed pod is replaced: doubled with each failure, as far as this; in milliseconds. */
const firstBackoff = 10_000;
const longestBackoff = 600_000;

/** The failures of a job's pods since one succeeded, and when the last of them was. */
export interface FailureRecord {
  failures: number;
  last: number;
}

export const noFailures: FailureRecord = { failures: 0, last: 0 };

/** The record after these pods have ended as well. */
export function recordEnds(record: FailureRecord, succeeded: readonly Pod[], failed: readonly Pod[]): FailureRecord {
  if (succeeded.length === 0 && failed.length === 0) return record;
  const lastSuccess = Math.max(Number.NEGATIVE_INFINITY, ...succeeded.map(endOf));
  const ends = failed.map(endOf).filter((end) => end > lastSuccess);
  if (ends.length === 0) return noFailures;
  const before = succeeded.length === 0 ? record.failures : 0;
  return { failures: before + ends.length, last: Math.max(...ends) };
}

/** Milliseconds until a pod may be made after these failures; 0 when one may be made now. */
export function backoffLeft({ failures, last }: FailureRecord, now: number): number {
  if (failures === 0) return 0;
  const backoff = Math.min(firstBackoff * 2 ** (failures - 1), longestBackoff);
  return Math.max(0, last + backoff - now);
}

/** The same for one index, whose last failed pod tells how many failed before it. */
export function backoffLeftAfter(pod: Pod | undefined, now: number): number {
  if (!pod) return 0;
  const { counted, ignored } = earlierFailures(pod);
  return backoffLeft({ failures: counted + ignored + 1, last: endOf(pod) }, now);
}
