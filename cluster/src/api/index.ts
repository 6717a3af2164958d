export type * from './streaming/types.ts';
export type * from './types.ts';
