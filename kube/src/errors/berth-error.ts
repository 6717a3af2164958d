/**
 * The reasons of `metav1.Status` that Berth gives, by the code of its own errors.
 * Source: Kubernetes API conventions, "Response Status Kind"; `k8s.io/apimachinery/pkg/api/errors`.
 */
export const reasons = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  Conflict: 409,
  AlreadyExists: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  InsufficientStorage: 507,
} as const satisfies Record<string, number>;

export type BerthErrorCode = keyof typeof reasons;

/** One cause of an `Invalid` or `Conflict`: the field's path as Kubernetes writes it (`spec.containers[0].image`). */
export interface ErrorCause {
  /** Absent where the cause has only words. */
  reason?: string;
  message: string;
  field?: string;
}

export interface ErrorDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: ErrorCause[];
  retryAfterSeconds?: number;
}

/** An HTTP code and reason that somebody else chose: a webhook that refuses, a policy. */
export interface ChosenStatus {
  code: number;
  /** May be ''. */
  reason: string;
}

const retryableCodes = new Set<BerthErrorCode>(['TooManyRequests', 'ServiceUnavailable', 'Timeout', 'InternalError']);

/**
 * Every error that leaves a room of the house. `message` is one sentence for a person; `code` is for programs;
 * `retryable` says whether the same call may succeed later without a change by the caller.
 */
export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly code: BerthErrorCode;
  readonly details: ErrorDetails | undefined;
  readonly retryable: boolean;
  /** What the answer says instead of what `code` stands for. */
  readonly status: ChosenStatus | undefined;

  constructor(
    code: BerthErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails; retryable?: boolean; status?: ChosenStatus } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.status = options.status;
    this.retryable = options.retryable ?? retryableCodes.has(code);
  }
}

/** Whether `error` is a `BerthError`, and, when `code` is given, one with that code. */
export function isBerthError(error: unknown, code?: BerthErrorCode): error is BerthError {
  return error instanceof BerthError && (code === undefined || error.code === code);
}
