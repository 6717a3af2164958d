import type { FailureRecord } from './backoff.ts';

/** What is known of the failures of each job's pods, by the job's uid. */
export interface FailureMemory {
  get(uid: string): FailureRecord | undefined;
  set(uid: string, record: FailureRecord): void;
  delete(uid: string): void;
}

/** Jobs that are remembered; one that is forgotten begins its back-off anew. */
const most = 10_000;

export function failureMemory(): FailureMemory {
  const records = new Map<string, FailureRecord>();
  return {
    get: (uid) => records.get(uid),
    set(uid, record) {
      records.delete(uid);
      records.set(uid, record);
      const [oldest] = records.keys();
      if (records.size > most && oldest !== undefined) records.delete(oldest);
    },
    delete: (uid) => records.delete(uid),
  };
}
