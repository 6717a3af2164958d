import { isCelError } from '../errors.ts';

/**
 * An error of CEL while it evaluates: `&&`, `||` and comprehensions may absorb it, thousands of times in one evaluation.
 * Steps therefore return it like a value; only within a function it is thrown. No `Error`, since a stack would cost
 * more than the evaluation; the program turns what is left of it into a `CelError`.
 */
export class Failure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Fails the function at hand. */
export function fail(message: string): never {
  throw new Failure(message);
}

export const noSuchOverload = 'no such overload';

/** What `run` gives, or the failure that it throws. */
export function caught<T>(run: () => T): T | Failure {
  try {
    return run();
  } catch (error) {
    if (error instanceof Failure) return error;
    // A variable may be the result of another expression (`variables.name`), computed only now.
    if (isCelError(error, 'Evaluation')) return new Failure(error.message);
    throw error;
  }
}
