import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * How much is below a path, on its file system alone: bytes of disk, or files. Measured by `du`, outside of this process: there may be
 * millions of files. 0 when there is no such path.
 */
export async function diskUsage(path: string, what: 'bytes' | 'inodes'): Promise<number> {
  const counting = what === 'bytes' ? '--block-size=1' : '--inodes';
  // Files that go while they are counted make `du` fail after it has said how much there is.
  const { stdout } = await run('du', ['-s', '-x', counting, path]).catch((error: { stdout?: string }) => ({
    stdout: error.stdout ?? '',
  }));
  return Number.parseInt(stdout, 10) || 0;
}
