import { constants } from 'node:fs';
import { open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';

/**
 * The text of a file in a volume that containers write to, UTF-8. Throws `BadRequest` for what is not a file, is larger than `most` bytes, or
 * lies elsewhere by way of a link, also when a container exchanges it meanwhile: what was opened is judged, not its name.
 */
export async function readWithin(root: string, path: string, most: number): Promise<string> {
  const realRoot = await realpath(root);
  // A pipe that nobody writes to keeps nobody waiting.
  const handle = await open(join(realRoot, path), constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const opened = await readlink(`/proc/self/fd/${handle.fd}`);
    if (!opened.startsWith(`${realRoot}/`)) throw new BerthError('BadRequest', `${path} leads out of its volume`);
    const found = await handle.stat();
    if (!found.isFile()) throw new BerthError('BadRequest', `${path} is not a file`);
    const buffer = Buffer.alloc(most + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > most) throw new BerthError('BadRequest', `${path} is larger than ${most} bytes`);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
