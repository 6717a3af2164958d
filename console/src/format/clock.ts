/** Seconds since the epoch for all ages of the page; one timer, and none while nobody looks. */
export class Clock {
  #now: number;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #read: () => number;

  constructor(read: () => number = Date.now) {
    this.#read = read;
    this.#now = Math.floor(read() / 1000);
  }

  get now(): number {
    return this.#now;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#tick(), 1000);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  };

  #tick(): void {
    if (document.hidden) return;
    this.#now = Math.floor(this.#read() / 1000);
    for (const listener of this.#listeners) listener();
  }
}
