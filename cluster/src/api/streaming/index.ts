export { podLog } from './log.ts';
export type { PodAccessHolder } from './pod.ts';
export type * from './types.ts';
export { isUpgrade, upgradeHandler } from './upgrade.ts';
