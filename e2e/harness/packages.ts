import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.ts';

/** Fetches Debian's packages, with what this machine lacks for them, and unpacks them below the folder. Nothing is installed. */
export async function unpackPackages(folder: string, names: readonly string[]): Promise<string> {
  const [archives, root] = [join(folder, 'archives'), join(folder, 'root')];
  mkdirSync(join(archives, 'partial'), { recursive: true });
  const options = ['Debug::NoLocking=1', 'APT::Sandbox::User=root', `Dir::Cache::archives=${archives}`];
  const fetch = () =>
    run('apt-get', [
      ...['install', '--yes', '--download-only', '--reinstall', '--no-install-recommends'],
      ...options.flatMap((option) => ['-o', option]),
      ...names,
    ]);
  let fetched = await fetch();
  // The lists may be older than what the mirror still has.
  if (fetched.status !== 0) {
    await run('apt-get', ['update']);
    fetched = await fetch();
  }
  const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
  if (fetched.status !== 0 || files.length === 0) {
    throw new Error(`${names.join(', ')} could not be fetched: ${fetched.stderr}`);
  }
  for (const file of files) {
    const { status, stderr } = await run('dpkg', ['-x', join(archives, file), root]);
    if (status !== 0) throw new Error(`${file} cannot be unpacked: ${stderr}`);
  }
  return root;
}
