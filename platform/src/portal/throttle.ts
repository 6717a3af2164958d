/** Counts failures per source in a window that starts with the first of them, and all sources together tenfold. */
export class FailureThrottle {
  readonly #failures = new Map<string, { count: number; until: number }>();
  readonly #limit: { count: number; window: number };
  readonly #now: () => number;

  constructor(limit: { count: number; window: number }, now: () => number) {
    this.#limit = limit;
    this.#now = now;
  }

  /** Seconds until `source` may try again; 0 when it may now. */
  retryAfter(source: string): number {
    const waits = [this.#wait(source, this.#limit.count), this.#wait('', this.#limit.count * 10)];
    return Math.ceil(Math.max(...waits) / 1000);
  }

  fail(source: string): void {
    const now = this.#now();
    for (const [key, entry] of this.#failures) if (entry.until <= now) this.#failures.delete(key);
    for (const key of [source, '']) {
      const entry = this.#failures.get(key) ?? { count: 0, until: now + this.#limit.window };
      entry.count += 1;
      this.#failures.set(key, entry);
    }
  }

  #wait(key: string, allowed: number): number {
    const entry = this.#failures.get(key);
    if (entry === undefined || entry.count < allowed) return 0;
    return Math.max(0, entry.until - this.#now());
  }
}
