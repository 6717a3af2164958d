export { BerthError, type BerthErrorCode, type ErrorCause, type ErrorDetails, isBerthError } from './berth-error.ts';
export { errorFromStatus, type Status, statusOf } from './status.ts';
