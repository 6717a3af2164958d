import { type CelBudget, costExceededMessage, perCallLimit } from '../budget.ts';
import { CelError } from '../errors.ts';

/**
 * The most steps of work that one evaluation may take which Kubernetes' costs do not count: comparing nested values,
 * walking through joined lists. Far above what data of a request can need; without it a few lines could run for ever.
 */
const mostWork = 10_000_000;
/** The most characters, bytes and elements that one evaluation may make. */
const mostMade = 20_000_000;

/** Counts what one evaluation costs, and stops it: a security boundary, see docs/decisions/0021. */
export class Meter {
  readonly #limit: number;
  #spent = 0;
  #work = 0;
  #made = 0;
  /** Regular expressions of this evaluation, so that a loop compiles them once. */
  readonly patterns = new Map<string, unknown>();
  /** Time zones of this evaluation. */
  readonly zones = new Map<string, Intl.DateTimeFormat>();
  /** How many characters long texts have. */
  readonly sizes = new Map<string, number>();

  constructor(budget: CelBudget) {
    this.#limit = Math.min(perCallLimit, budget.remaining);
  }

  get spent(): number {
    return this.#spent;
  }

  /** Kubernetes' cost; what it charges is what callers see. */
  charge(cost: number): void {
    this.#spent += cost;
    if (this.#spent <= this.#limit) return;
    // What would have been too much was not carried out, and is not billed.
    this.#spent = this.#limit + 1;
    this.#stop();
  }

  /** For what a fold takes back: a test for presence is free, its name was counted. */
  refund(cost: number): void {
    this.#spent -= cost;
  }

  work(steps: number): void {
    this.#work += steps;
    if (this.#work > mostWork) this.#stop();
  }

  /** Before something of `size` elements or characters is made. */
  make(size: number): void {
    this.#made += size;
    if (this.#made > mostMade) this.#stop();
  }

  #stop(): never {
    throw new CelError('CostExceeded', costExceededMessage);
  }
}
