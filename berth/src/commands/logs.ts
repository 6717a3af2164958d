import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { runForeground } from '../foreground.ts';

/** Prints the log file's last lines; with `follow`, goes on until interrupted (`tail` survives a rotated file). */
export async function logs(options: { dataDir: string; follow: boolean; tail: number }): Promise<void> {
  const file = join(options.dataDir, 'berth.log');
  if (!existsSync(file))
    throw new BerthError('NotFound', `there is no log in ${options.dataDir}: Berth has not run there`);
  process.exitCode = await runForeground('tail', ['-n', String(options.tail), ...(options.follow ? ['-F'] : []), file]);
}
