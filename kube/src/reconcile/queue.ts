import type { Clock } from '../client/clock.ts';

const shortestBackoff = 5;
const longestBackoff = 1_000_000;

/**
 * Keys that wait for work, each once. A key that is added while it is worked on is worked on again afterwards, never
 * twice at the same time.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #work: (key: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { at: number; cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #paused = true;
  #scheduled = false;
  #stopped = false;

  /** `work` must not reject. Nothing is worked on before `resume`. */
  constructor(options: { clock: Clock; concurrency: number; work: (key: string) => Promise<void> }) {
    this.#clock = options.clock;
    this.#concurrency = options.concurrency;
    this.#work = options.work;
  }

  /** Nothing waits and nothing is worked on; delayed keys do not count. */
  get idle(): boolean {
    return this.#waiting.size === 0 && this.#working.size === 0;
  }

  get length(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#working.has(key)) this.#again.add(key);
    else this.#waiting.add(key);
    this.#schedule();
  }

  /** Adds the key later. Of several delays the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (ms <= 0) {
      this.add(key);
      return;
    }
    if (this.#stopped) return;
    const at = this.#clock.now() + ms;
    const present = this.#delayed.get(key);
    if (present && present.at <= at) return;
    present?.cancel();
    const cancel = this.#clock.after(ms, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, cancel });
  }

  /** Adds the key after its back-off: 5 ms, doubled at each failure without a success between, 1,000 s at most. */
  retry(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.addAfter(key, Math.min(shortestBackoff * 2 ** failures, longestBackoff));
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
  }

  // In a turn of its own, so that a burst of events about one key becomes one piece of work.
  #schedule(): void {
    if (this.#scheduled || this.#paused || this.#waiting.size === 0 || this.#working.size >= this.#concurrency) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    for (const key of this.#waiting) {
      if (this.#stopped || this.#working.size >= this.#concurrency) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      void this.#work(key).finally(() => {
        this.#working.delete(key);
        if (this.#again.delete(key)) this.#waiting.add(key);
        this.#schedule();
      });
    }
  }
}
