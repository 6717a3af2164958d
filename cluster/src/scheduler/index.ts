export { type Decision, refusalMessage, schedule } from './schedule.ts';
export { type SchedulerOptions, startScheduler } from './scheduler.ts';
export { ClusterState } from './snapshot.ts';
export type * from './types.ts';
