/**
 * - `Compilation`: the expression does not parse or does not check; the message holds every issue as Kubernetes prints it.
 * - `Evaluation`: it failed for these values: `no such key: foo`, `divide by zero`, `index out of bounds: 3`.
 * - `CostExceeded`: it was stopped, since it would have cost more than its budget.
 */
export type CelErrorCode = 'Compilation' | 'Evaluation' | 'CostExceeded';

/** What goes wrong with an expression. Callers turn it into a field error or a refusal in their own words. */
export class CelError extends Error {
  override readonly name = 'CelError';
  readonly code: CelErrorCode;

  constructor(code: CelErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** Whether `error` is a `CelError`, and, when `code` is given, one with that code. */
export function isCelError(error: unknown, code?: CelErrorCode): error is CelError {
  return error instanceof CelError && (code === undefined || error.code === code);
}
