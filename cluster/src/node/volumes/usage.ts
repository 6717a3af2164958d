import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Pod } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { directoryOf, type VolumeDirectories } from './directories.ts';

const run = promisify(execFile);

/**
 * The first `emptyDir` that holds more than its `sizeLimit`. Those in memory are bounded by the kernel and never do. Measured by
 * `du`, outside of this process: a volume may hold millions of files.
 */
export async function overfullVolume(
  pod: Pod,
  directories: VolumeDirectories,
): Promise<{ name: string; limit: string } | undefined> {
  for (const volume of pod.spec?.volumes ?? []) {
    const { sizeLimit, medium } = volume.emptyDir ?? {};
    if (sizeLimit === undefined || medium === 'Memory' || bytes(sizeLimit as string) <= 0) continue;
    // Files that go while they are counted make `du` fail after it has said how much there is.
    const { stdout } = await run('du', ['-s', '-x', '--block-size=1', directoryOf(volume, pod, directories)]).catch(
      (error: { stdout?: string }) => ({ stdout: error.stdout ?? '' }),
    );
    if (Number.parseInt(stdout, 10) > bytes(sizeLimit as string))
      return { name: volume.name, limit: String(sizeLimit) };
  }
  return undefined;
}
