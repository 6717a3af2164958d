/** Tells how long something has been as it is, by a clock that only runs forward: a machine whose time was set must lose no pod. */
export interface Stopwatch {
  /** Milliseconds since the state under this key was first seen as it is now. */
  elapsed(key: string, state: string): number;
  /** Whether the key was asked for since it was forgotten. */
  runs(key: string): boolean;
  forget(key: string): void;
  /** Forgets all keys that are not among these. */
  keep(keys: () => Iterable<string>): void;
}

/** `monotonic` in milliseconds from anywhere. */
export function stopwatch(monotonic: () => number = () => performance.now()): Stopwatch {
  const started = new Map<string, { state: string; at: number }>();
  let limit = 1000;
  return {
    elapsed(key, state) {
      const now = monotonic();
      const present = started.get(key);
      if (present?.state === state) return now - present.at;
      started.set(key, { state, at: now });
      return 0;
    },
    runs: (key) => started.has(key),
    forget(key) {
      started.delete(key);
    },
    keep(keys) {
      // Looking through all is for when the garbage may be as much as the rest.
      if (started.size < limit) return;
      const wanted = new Set(keys());
      for (const key of started.keys()) if (!wanted.has(key)) started.delete(key);
      limit = Math.max(1000, started.size * 2);
    },
  };
}
