import { CelError } from './errors.ts';

/** The most that one evaluation may cost. Source: `PerCallLimit` of `k8s.io/apiserver/pkg/apis/cel`. */
export const perCallLimit = 1_000_000;
/** The most that all rules of one custom resource or all expressions of one policy may cost for one request. */
export const runtimeBudget = 10_000_000;
/** The most that the match conditions of one webhook or policy may cost for one request. */
export const matchConditionsBudget = 2_500_000;

/**
 * What evaluations may still cost, in Kubernetes' units (about one a step of the interpreter). One budget may serve
 * many evaluations in a row; each of them is held to `perCallLimit` besides.
 */
export class CelBudget {
  readonly limit: number;
  #spent = 0;

  constructor(limit: number = runtimeBudget) {
    this.limit = limit;
  }

  get spent(): number {
    return this.#spent;
  }

  get remaining(): number {
    return Math.max(0, this.limit - this.#spent);
  }

  /** Takes `cost` off. Throws `CostExceeded` when that is more than is left; what was spent stays spent. */
  spend(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.limit) throw new CelError('CostExceeded', costExceededMessage);
  }

  /** Notes what an evaluation has cost that was held to what was left. */
  take(cost: number): void {
    this.#spent += cost;
  }
}

/** cel-go's own words, which Kubernetes passes on. */
export const costExceededMessage = 'operation cancelled: actual cost limit exceeded';
