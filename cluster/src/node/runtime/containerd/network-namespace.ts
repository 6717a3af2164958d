import { readlink, stat } from 'node:fs/promises';
import type { ProcessIdentity } from './process.ts';

/** Whether a process is in the network namespace of this file, or in ours where there is none. */
export async function isInNetwork({ pid }: ProcessIdentity, namespace: string | undefined): Promise<boolean> {
  const found = await readlink(`/proc/${pid}/ns/net`).catch(() => '');
  const wanted = namespace ? `net:[${(await stat(namespace)).ino}]` : await readlink('/proc/self/ns/net');
  return found === wanted;
}
