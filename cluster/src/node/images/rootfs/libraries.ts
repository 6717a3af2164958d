import { access, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { ImageEntry } from '../types.ts';
import { elfDependencies } from './elf-dependencies.ts';

/**
 * The dynamic linker and exactly the shared libraries that `program` needs, as this machine would load them, as
 * entries. In the image they stand in the directory where the C library stands here, since every linker searches that
 * one without a configuration. Empty for a static program. `first`: directories that are looked into before this machine's own.
 * @throws BerthError `NotFound` when a library is nowhere on this machine.
 */
export async function libraryEntries(program: string, first: readonly string[] = []): Promise<ImageEntry[]> {
  const root = await elfDependencies(program);
  if (root?.interpreter === undefined) return [];
  const search = [...first, ...(await searchDirectories(dirname(root.interpreter)))];
  const found = new Map<string, string>();
  const open = [{ path: program, ...root }];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const name of file.needed) {
      if (found.has(name) || name === basename(root.interpreter)) continue;
      const library = await locate(name, [...file.runPath, ...search], root.machine);
      if (library === undefined) throw new BerthError('NotFound', `${program} needs ${name}, which is not installed`);
      found.set(name, library.path);
      open.push(library);
    }
  }
  const libc = [...found].find(([name]) => name.startsWith('libc.'))?.[1];
  const home = dirname(libc ?? root.interpreter);
  const libraries = [...found].map(([name, source]) => libraryEntry(join(home, name), source));
  return [libraryEntry(root.interpreter, root.interpreter), ...libraries];
}

function libraryEntry(path: string, source: string): ImageEntry {
  return { type: 'file', path, mode: 0o755, content: { source } };
}

async function locate(name: string, directories: readonly string[], machine: number) {
  for (const directory of directories) {
    const path = join(directory, name);
    if (!(await exists(path))) continue;
    const dependencies = await elfDependencies(path);
    if (dependencies?.machine === machine) return { path, ...dependencies };
  }
  return undefined;
}

/** As ld.so(8) has it: what /etc/ld.so.conf names, then the trusted directories, multiarch ones included. */
async function searchDirectories(interpreterDirectory: string): Promise<string[]> {
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const trusted = [`/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib64', '/usr/lib64', '/lib', '/usr/lib'];
  return [...trusted, interpreterDirectory, ...(await configuredDirectories('/etc/ld.so.conf'))];
}

async function configuredDirectories(file: string): Promise<string[]> {
  if (!(await exists(file))) return [];
  const directories: string[] = [];
  for (const line of (await readFile(file, 'utf8')).split('\n').map((text) => text.replace(/#.*/, '').trim())) {
    if (line.startsWith('include ')) {
      const pattern = line.slice('include '.length).trim();
      for (const included of await matching(pattern)) directories.push(...(await configuredDirectories(included)));
    } else if (line !== '') directories.push(line);
  }
  return directories;
}

/** `include` takes a shell pattern; all that is ever written there is `directory/*.conf`. */
async function matching(pattern: string): Promise<string[]> {
  if (!pattern.endsWith('/*.conf')) return [pattern];
  const directory = dirname(pattern);
  if (!(await exists(directory))) return [];
  const names = (await readdir(directory)).filter((name) => name.endsWith('.conf')).sort();
  return names.map((name) => join(directory, name));
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
