/** Remembers failures by key, and how long to wait after each: client-go's `flowcontrol.Backoff`. */
export interface Backoff {
  /** Milliseconds to wait before the next attempt; 0 when it may be made, which is noted as one failure more. */
  attempt(key: string, now: number): number;
}

interface Entry {
  delay: number;
  since: number;
}

/** The delay doubles from `first` to `longest` (milliseconds); who was well for twice the longest begins anew. */
export function backoff({ first, longest }: { first: number; longest: number }): Backoff {
  const entries = new Map<string, Entry>();
  const isOver = ({ since }: Entry, now: number) => now - since > 2 * longest;
  return {
    attempt(key, now) {
      const present = entries.get(key);
      const known = present && !isOver(present, now) ? present : undefined;
      if (known && now < known.since + known.delay) return known.since + known.delay - now;
      entries.delete(key);
      entries.set(key, { delay: known ? Math.min(known.delay * 2, longest) : first, since: now });
      // The oldest come first, so that nothing is kept for ever.
      for (const [oldest, entry] of entries) {
        if (!isOver(entry, now)) break;
        entries.delete(oldest);
      }
      return 0;
    },
  };
}
