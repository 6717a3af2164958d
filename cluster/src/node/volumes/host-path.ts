import { mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BerthError } from '@berth/kube/errors';

/** Makes or checks what a hostPath volume's type asks for. Throws `BadRequest` in kubelet's words. */
export async function prepareHostPath(path: string, type: string | undefined): Promise<void> {
  if (!type) return;
  const found = await stat(path).catch(() => undefined);
  if (type === 'DirectoryOrCreate') {
    if (!found) await mkdir(path, { recursive: true, mode: 0o755 });
    else if (!found.isDirectory()) throw wrong(path, 'a directory');
  } else if (type === 'FileOrCreate') {
    if (!found) {
      await mkdir(dirname(path), { recursive: true });
      await (await open(path, 'a', 0o644)).close();
    } else if (!found.isFile()) throw wrong(path, 'a file');
  } else if (type === 'Directory' && !found?.isDirectory()) throw wrong(path, 'a directory');
  else if (type === 'File' && !found?.isFile()) throw wrong(path, 'a file');
  else if (type === 'Socket' && !found?.isSocket()) throw wrong(path, 'a socket');
  else if (type === 'CharDevice' && !found?.isCharacterDevice()) throw wrong(path, 'a character device');
  else if (type === 'BlockDevice' && !found?.isBlockDevice()) throw wrong(path, 'a block device');
}

const wrong = (path: string, what: string) =>
  new BerthError('BadRequest', `hostPath type check failed: ${path} is not ${what}`);
