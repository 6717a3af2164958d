import { execFile } from 'node:child_process';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Unmounts everything at or below the directory, the deepest first. */
export async function unmountBelow(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    // Blanks and the like are written in octal (proc_pid_mountinfo(5)).
    .map((path) => path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))))
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse();
  for (const mount of mounts) await run('umount', ['-l', mount]).catch(() => undefined);
}

const cgroupRoot = '/sys/fs/cgroup';

/** The directories of a cgroup: one in each hierarchy of version 1, one alone in version 2. */
export async function cgroupDirectories(path: string, root = cgroupRoot): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const unified = entries.some((entry) => entry.name === 'cgroup.controllers');
  if (unified) return [join(root, path)];
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name, path));
}

/** Removes a cgroup with all below it. One that still holds a process stays. */
export async function removeCgroup(path: string): Promise<void> {
  for (const directory of await cgroupDirectories(path)) await removeTree(directory);
}

async function removeTree(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(directory, entry.name));
  await rmdir(directory).catch(() => undefined);
}
