export { type LmdbStoreOptions, openLmdbStore } from './lmdb/open.ts';
export { listSnapshots, restoreSnapshot, snapshotsBeside, takeSnapshot } from './lmdb/snapshots.ts';
export { memoryStore } from './memory.ts';
export type * from './types.ts';
