/** In seconds. */
const longest = 32;

/**
 * After how many seconds one who was refused should ask again: longer while many are, as TCP does it. Source:
 * `dropped_requests_tracker.go` of k8s.io/apiserver.
 */
export class RetryAfter {
  #seconds = 1;
  #raisedAt = 0;
  #second = 0;
  #count = 0;
  #history: { second: number; count: number }[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** One more was refused, in the second `now` of Unix time. */
  refused(now: number): void {
    if (now === this.#second) {
      this.#count++;
      return;
    }
    this.#remember();
    this.#second = now;
    this.#count = 1;
    this.#reconsider(now);
  }

  #remember(): void {
    this.#history.push({ second: this.#second, count: this.#count });
    const kept = Math.min(2 * this.#seconds, longest);
    const first = this.#history.findIndex(({ second }) => this.#second - second <= kept);
    if (first > 0) this.#history = this.#history.slice(first);
  }

  #reconsider(now: number): void {
    let refused = 0;
    for (const { second, count } of this.#history) {
      if (now - second <= this.#seconds && second < now) refused += count;
    }
    if (now - this.#raisedAt >= this.#seconds && refused >= 3 * this.#seconds) {
      this.#seconds = Math.min(2 * this.#seconds, longest);
      this.#raisedAt = now;
    } else if (refused < this.#seconds && this.#seconds > 1) this.#seconds--;
  }
}
