export { type LeaderOptions, whileLeading } from './leader.ts';
export { type PerformOptions, perform } from './perform.ts';
export { WorkQueue } from './queue.ts';
export { type EventRecorder, eventRecorder, type RecorderOptions } from './recorder.ts';
export type * from './types.ts';
export { fixedView, viewOf } from './view.ts';
export { startWorker, type Worker, type WorkerOptions } from './worker.ts';
