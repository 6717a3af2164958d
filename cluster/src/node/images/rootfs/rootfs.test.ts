import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { nodeRootfs } from '../index.ts';
import { libraryEntries } from './libraries.ts';

const run = promisify(execFile);

test.skipIf(process.platform !== 'linux')("names the libraries that the machine's own linker loads", async () => {
  const { stdout } = await run('ldd', [process.execPath]);
  const loaded = stdout
    .split('\n')
    .map((line) => line.trim().split(/\s/)[0]?.split('/').at(-1) ?? '')
    .filter((name) => name !== '' && !name.startsWith('linux-vdso'));
  const ours = (await libraryEntries(process.execPath)).map(({ path }) => path.split('/').at(-1) ?? '');
  expect(ours.toSorted()).toEqual(loaded.toSorted());
});

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)('is enough to run Node alone in it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'berth-rootfs-'));
  try {
    for (const entry of await nodeRootfs()) {
      const path = join(root, entry.path);
      if (entry.type === 'directory') await mkdir(path, { recursive: true });
      if (entry.type !== 'file') continue;
      await mkdir(join(path, '..'), { recursive: true });
      const { content } = entry;
      if (typeof content === 'string' || content instanceof Uint8Array) await writeFile(path, content);
      else await run('cp', ['-L', content.source, path]);
      await chmod(path, entry.mode ?? 0o644);
    }
    await chmod(root, 0o755);
    const program = 'console.log(process.version, typeof require("node:sqlite").DatabaseSync)';
    const { stdout } = await run('chroot', ['--userspec=65532:65532', root, '/usr/local/bin/node', '-e', program], {
      env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
    });
    expect(stdout).toBe(`${process.version} function\n`);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test('a static program and a script need no libraries', async () => {
  expect(await libraryEntries(import.meta.filename)).toEqual([]);
});
