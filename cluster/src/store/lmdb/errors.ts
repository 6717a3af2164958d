import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { BerthError } from '@berth/kube/errors';

/** LMDB passes errno values on: EIO, EFBIG, ENOSPC, EDQUOT; its own number for a full map. */
const inputOutput = 5;
const noRoom = new Set<unknown>([27, 28, 122, -30792, 'ENOSPC', 'EDQUOT', 'EFBIG']);
/** SQLite's result codes for files that cannot be made or written, for whatever reason: IOERR, FULL, CANTOPEN. */
const sqliteCannotWrite = new Set<unknown>([10, 13, 14]);
/** A file system with less than this left is taken for full. */
const fullBelow = 32 * 1024 * 1024;

/** What a commit is told when the file could not be written. */
export function writeError(file: string, cause: unknown): BerthError {
  if (isOutOfRoom(file, cause)) return noRoomError(file, cause);
  return new BerthError('InternalError', `${file} could not be written: ${messageOf(cause)}`, { cause });
}

export function noRoomError(file: string, cause?: unknown): BerthError {
  return new BerthError('InsufficientStorage', `no room left to write ${file}: make room, then try again`, { cause });
}

/** Bytes that the file system of a file has left for this process. */
export function bytesLeft(file: string): number {
  const { bavail, bfree, bsize } = statfsSync(dirname(file));
  // Some of it may be set aside for root.
  return (process.getuid?.() === 0 ? bfree : bavail) * bsize;
}

function isOutOfRoom(file: string, error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const sqlite = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  // LMDB's own copying passes on the C library's text and no number.
  const text = messageOf(error);
  if (noRoom.has(code) || text === 'No space left on device') return true;
  // A process that touches a mapped page for which there is no block is ended with SIGBUS.
  const isCutOff = code === inputOutput || text === 'Input/output error' || text.includes('SIGBUS');
  if (!isCutOff && !sqliteCannotWrite.has(sqlite)) return false;
  // The last write before a disk is full is cut short, which LMDB calls an input/output error like a broken disk's.
  try {
    return bytesLeft(file) < fullBelow;
  } catch {
    return false;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
