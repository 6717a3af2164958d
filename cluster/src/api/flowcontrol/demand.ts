/** What was seen of a level's demand since it was last asked. In seats. */
export interface DemandSeen {
  seconds: number;
  average: number;
  deviation: number;
  most: number;
}

/** How many seats a level could use, over time. Source: `fairqueuing/integrator.go` of k8s.io/apiserver. */
export class Demand {
  #seats = 0;
  #most = 0;
  #since: number;
  #nanoseconds = 0;
  #integral = 0;
  #square = 0;

  constructor(now: number) {
    this.#since = now;
  }

  /** From `now` (in nanoseconds) on. */
  set(now: number, seats: number): void {
    this.#upTo(now);
    this.#seats = seats;
    if (seats > this.#most) this.#most = seats;
  }

  /** Answers what was seen, and begins anew. */
  take(now: number): DemandSeen {
    this.#upTo(now);
    const seconds = this.#nanoseconds / 1e9;
    const average = seconds > 0 ? this.#integral / seconds : 0;
    const variance = seconds > 0 ? this.#square / seconds - average * average : 0;
    const seen = { seconds, average, deviation: Math.sqrt(Math.max(0, variance)), most: this.#most };
    this.#nanoseconds = 0;
    this.#integral = 0;
    this.#square = 0;
    this.#most = this.#seats;
    return seen;
  }

  #upTo(now: number): void {
    const passed = now - this.#since;
    this.#since = now;
    this.#nanoseconds += passed;
    const area = (this.#seats * passed) / 1e9;
    this.#integral += area;
    this.#square += this.#seats * area;
  }
}
