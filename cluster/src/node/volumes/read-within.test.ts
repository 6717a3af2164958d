import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWithin } from './read-within.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-volume-'));
  await mkdir(join(root, 'a'));
  await writeFile(join(root, 'a', 'env'), "KEY='value'\n");
  await symlink('a/env', join(root, 'inside'));
  await symlink('/etc/passwd', join(root, 'out'));
  await symlink('..', join(root, 'up'));
  await writeFile(join(root, 'large'), 'x'.repeat(101));
  execFileSync('mkfifo', [join(root, 'pipe')]);
});
afterAll(() => rm(root, { recursive: true }));

test('a file is read, also behind a link that stays inside', async () => {
  expect(await readWithin(root, 'a/env', 100)).toBe("KEY='value'\n");
  expect(await readWithin(root, 'inside', 100)).toBe("KEY='value'\n");
});

test.each([
  ['out', /leads out of its volume/],
  ['up/etc', /ENOENT|leads out/],
  ['up', /leads out of its volume/],
  ['a', /is not a file/],
  ['pipe', /is not a file/],
  ['large', /larger than 100 bytes/],
  ['absent', /ENOENT/],
])('%s is refused', async (path, why) => {
  await expect(readWithin(root, path, 100)).rejects.toThrow(why);
});
