export { type Berth, type BerthOptions, freePort, startBerth } from './berth.ts';
export { type Result, run } from './run.ts';
export { until } from './until.ts';
