export {
  BerthError,
  type BerthErrorCode,
  type ChosenStatus,
  type ErrorCause,
  type ErrorDetails,
  isBerthError,
} from './berth-error.ts';
export { errorFromStatus, type Status, statusOf } from './status.ts';
