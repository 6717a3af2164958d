/**
 * An error of CEL while it evaluates: a value that `&&`, `||` and comprehensions may absorb. No `Error`, since its stack
 * would cost more than the evaluation; the program turns what is left of it into a `CelError`.
 */
export class Failure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** Fails the evaluation at hand. */
export function fail(message: string): never {
  throw new Failure(message);
}

export const noSuchOverload = 'no such overload';
