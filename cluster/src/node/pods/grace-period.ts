/** The time that a pod has for all stages of its end together. It can only become shorter. */
export class GracePeriod {
  readonly #now: () => number;
  #end: number;
  #shortened = Promise.withResolvers<void>();

  /** `now`: milliseconds since the epoch. */
  constructor(seconds: number, now: () => number) {
    this.#now = now;
    this.#end = now() + seconds * 1000;
  }

  /** Whole seconds, as the runtime is told them. */
  get left(): number {
    return Math.max(0, Math.ceil(this.#milliseconds / 1000));
  }

  shorten(seconds: number): void {
    const end = this.#now() + seconds * 1000;
    if (end >= this.#end) return;
    this.#end = end;
    this.#shortened.resolve();
    this.#shortened = Promise.withResolvers();
  }

  /** Resolves with the work, or when the time is up: then with undefined, and the work goes on. */
  async bound<T>(work: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const isDone = work.then(
      () => true,
      () => true,
    );
    try {
      while (this.#milliseconds > 0) {
        const timeIsUp = new Promise<false>((resolve) => {
          timer = setTimeout(resolve, Math.min(this.#milliseconds, longestTimer), false);
        });
        const changed = this.#shortened.promise.then(() => false);
        if (await Promise.race([isDone, timeIsUp, changed])) return await work;
        clearTimeout(timer);
      }
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  get #milliseconds(): number {
    return this.#end - this.#now();
  }
}

const longestTimer = 2 ** 31 - 1;
