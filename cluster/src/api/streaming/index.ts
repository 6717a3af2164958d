export { logHandler } from './log.ts';
export type * from './types.ts';
export { upgradeHandler } from './upgrade.ts';
