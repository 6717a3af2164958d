export { dumpOf } from './dump.ts';
export { FlowControl, type FlowControlParts, usualSeats } from './flow-control.ts';
export { keepDefaultFlows, startKeepingFlows } from './keep-defaults.ts';
export { flowMetrics } from './metrics.ts';
export { type Seat, TooManyRequests } from './seat.ts';
export type { Digest } from './types.ts';
