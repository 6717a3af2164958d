import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the entry of a copied program is; `entry` is the script in the source. */
export function programEntry(directory: string, entry: string): string {
  return join(directory, relative(dirname(dirname(entry)), entry)).replace(/\.ts$/, '.mjs');
}

/**
 * Copies a script and what it imports, without types, to `directory`, in one step. A process that loads no TypeScript is
 * 27 MiB smaller, and its program does not change under it when Berth is upgraded. Packages are imported from where they are
 * installed.
 */
export async function copyProgram(directory: string, entry: string): Promise<void> {
  const draft = `${directory}.${process.pid}`;
  const done = new Set<string>();
  const waiting = [entry];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (done.has(file)) continue;
    done.add(file);
    const here = dirname(file);
    const script = stripTypeScriptTypes(await readFile(file, 'utf8')).replaceAll(
      /^((?:import|export)\s[^;]*?from |import )'([^']+)'/gm,
      (_, start: string, specifier: string) => {
        if (specifier.startsWith('node:')) return `${start}'${specifier}'`;
        if (!specifier.startsWith('.')) return `${start}'${import.meta.resolve(specifier)}'`;
        waiting.push(join(here, specifier));
        return `${start}'${specifier.replace(/\.ts$/, '.mjs')}'`;
      },
    );
    const target = join(draft, relative(dirname(dirname(entry)), file)).replace(/\.ts$/, '.mjs');
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, script);
  }
  await rm(directory, { recursive: true, force: true });
  await rename(draft, directory);
}

/** Run as a program: `node program.ts DIRECTORY ENTRY`. In a process of its own, since Node warns of the stripping. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [directory = '', entry = ''] = process.argv.slice(2);
  await copyProgram(directory, entry);
}
