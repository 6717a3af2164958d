/** Of how long things take, in seconds, and of how long queues are. */
const secondsUpTo = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
const lengthsUpTo = [0, 10, 25, 50, 100, 250, 500, 1000];
const seatsUpTo = [1, 2, 4, 8, 16, 32, 64, 100];

/** A histogram as Prometheus has them. */
export class Histogram {
  readonly #bounds: readonly number[];
  /** Not added up. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at++;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  lines(name: string, labels: string): string[] {
    let total = 0;
    const lines = [...this.#bounds, '+Inf'].map((bound, at) => {
      total += this.#counts[at] as number;
      return `${name}_bucket{${labels},le="${bound}"} ${total}`;
    });
    return [...lines, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${total}`];
  }
}

export type Refusal = 'queue-full' | 'concurrency-limit' | 'time-out';

/** What is counted of the requests of one schema at one level. */
export class FlowCounts {
  readonly level: string;
  readonly schema: string;
  dispatched = 0;
  postponed = 0;
  readonly refused = new Map<Refusal, number>();
  waiting = 0;
  seatsWaiting = 0;
  executing = 0;
  seatsExecuting = 0;
  readonly lengths = new Histogram(lengthsUpTo);
  readonly waited = new Histogram(secondsUpTo);
  readonly waitedInVain = new Histogram(secondsUpTo);
  readonly took = new Histogram(secondsUpTo);
  /** Of watches. */
  readonly tookToBegin = new Histogram(secondsUpTo);
  readonly seats = new Histogram(seatsUpTo);

  constructor(level: string, schema: string) {
    this.level = level;
    this.schema = schema;
  }

  refuse(why: Refusal): void {
    this.refused.set(why, (this.refused.get(why) ?? 0) + 1);
  }
}
