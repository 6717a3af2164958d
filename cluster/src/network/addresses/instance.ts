import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';

/** Six hex characters that tell this instance's links, tables and cgroups from others': of the directory's real path. */
export async function instanceOf(dataDir: string): Promise<string> {
  return createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')
    .slice(0, 6);
}
