export { storeFile } from './journaled.ts';
export { type Convert, convertStoreFile } from './lmdb/convert.ts';
export { lockDirectory } from './lmdb/lock.ts';
export { type LmdbStoreOptions, openLmdbStore } from './lmdb/open.ts';
export { listSnapshots, restoreSnapshot, snapshotsBeside, takeSnapshot } from './lmdb/snapshots.ts';
export { syncPath } from './lmdb/sync.ts';
export { memoryStore } from './memory.ts';
export type * from './types.ts';
