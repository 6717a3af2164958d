export { type Rejection, rejectionOf } from './admission.ts';
export { refusalMessage } from './message.ts';
export { type Decision, schedule, type Unschedulable } from './schedule.ts';
export { type SchedulerOptions, startScheduler } from './scheduler.ts';
export { ClusterState } from './snapshot.ts';
export type * from './types.ts';
