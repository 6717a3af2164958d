import { BerthError, type BerthErrorCode, type ErrorDetails, reasons } from './berth-error.ts';

/** `metav1.Status`, the body of every answer that is not the object asked for. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: ErrorDetails;
  code: number;
}

/**
 * The one mapping from errors to `metav1.Status`. What is not a `BerthError` is a fault of ours: the answer says
 * "internal error" without the message, which may hold a secret; the caller logs the original.
 */
export function statusOf(error: unknown): Status {
  if (!(error instanceof BerthError)) {
    return failure(500, 'InternalError', 'Internal error occurred: see the server log');
  }
  const { code, reason } = error.status ?? { code: reasons[error.code], reason: error.code };
  return failure(code, reason, error.message, error.details);
}

function failure(code: number, reason: string, message: string, details?: ErrorDetails): Status {
  // In Kubernetes' order, and without what is empty: people compare what they see.
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details: withoutEmpty(details) }),
    code,
  };
}

function withoutEmpty(details: ErrorDetails): ErrorDetails {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== ''));
}

/** The error that a received `Status` (or a bare HTTP status with a text) stands for; the inverse of `statusOf`. */
export function errorFromStatus(status: Partial<Status>, httpStatus: number): BerthError {
  const code =
    status.reason !== undefined && status.reason in reasons ? (status.reason as BerthErrorCode) : byHttp(httpStatus);
  const message = status.message ?? `the server answered ${httpStatus}`;
  return new BerthError(code, message, status.details === undefined ? {} : { details: status.details });
}

function byHttp(httpStatus: number): BerthErrorCode {
  const found = Object.entries(reasons).find(([, code]) => code === httpStatus);
  if (found) return found[0] as BerthErrorCode;
  return httpStatus >= 500 ? 'InternalError' : 'BadRequest';
}
