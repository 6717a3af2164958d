export { createCriRuntime } from './cri/index.ts';
export type * from './types.ts';
