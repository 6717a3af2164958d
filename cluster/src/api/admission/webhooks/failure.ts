import { BerthError, type ErrorDetails } from '@berth/kube/errors';

/** A webhook that could not be asked or whose answer makes no sense; its failurePolicy says what that means. */
export class CallFailure extends Error {
  constructor(webhook: string, why: string, cause?: unknown) {
    super(`failed calling webhook ${JSON.stringify(webhook)}: ${why}`, cause === undefined ? undefined : { cause });
  }
}

/** The 500 that Kubernetes gives for what went wrong on the way. */
export function internalError(why: string, cause?: unknown): BerthError {
  const details: ErrorDetails = { causes: [{ message: why }] };
  return new BerthError('InternalError', `Internal error occurred: ${why}`, { details, cause });
}

/** The refusal that a webhook's answer stands for; it chooses code, reason and details itself. */
export function rejection(webhook: string, result: Record<string, unknown> = {}): BerthError {
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`;
  const { message, reason } = result;
  const why = isText(message) ? `: ${message}` : isText(reason) ? `: ${reason}` : ' without explanation';
  const given = Number.isInteger(result.code) ? (result.code as number) : 0;
  const code = given >= 400 && given <= 599 ? given : 400;
  return new BerthError(code === 403 ? 'Forbidden' : code >= 500 ? 'InternalError' : 'BadRequest', denied + why, {
    status: { code, reason: isText(reason) ? reason : '' },
    ...(isDetails(result.details) ? { details: result.details } : {}),
    retryable: false,
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Only what clients can make sense of is passed on. */
function isDetails(value: unknown): value is ErrorDetails {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { causes } = value as { causes?: unknown };
  return causes === undefined || (Array.isArray(causes) && causes.every((cause) => typeof cause === 'object' && cause));
}
