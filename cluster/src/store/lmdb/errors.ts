import { BerthError } from '@berth/kube/errors';

const noRoom = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EFBIG', 'MDB_MAP_FULL', 28, 122, 27, -30792]);

/** Whether a failed write can succeed once there is room again. */
export function isOutOfRoom(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return noRoom.has(code) || /MDB_MAP_FULL|No space left|Disk quota|File too large/.test(error.message);
}

/** What a commit is told when the file could not be written. */
export function writeError(file: string, cause: unknown): BerthError {
  if (isOutOfRoom(cause)) {
    return new BerthError('InsufficientStorage', `no room left to write ${file}: make room, then try again`, { cause });
  }
  return new BerthError('InternalError', `${file} could not be written: ${messageOf(cause)}`, { cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
