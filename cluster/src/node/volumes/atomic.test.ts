import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeAtomically } from './atomic.ts';

const payload = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));

async function directory() {
  const path = await mkdtemp(join(tmpdir(), 'berth-atomic-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

test('files are replaced all at once behind one link', async () => {
  await using volume = await directory();
  expect(await writeAtomically(volume.path, payload({ a: '1', 'sub/b': '2' }))).toBe(true);
  expect(await readFile(join(volume.path, 'a'), 'utf8')).toBe('1');
  expect(await readFile(join(volume.path, 'sub/b'), 'utf8')).toBe('2');
  expect((await stat(join(volume.path, 'a'))).mode & 0o777).toBe(0o640);
  const first = await readlink(join(volume.path, '..data'));

  expect(await writeAtomically(volume.path, payload({ a: '1', 'sub/b': '2' }))).toBe(false);
  expect(await readlink(join(volume.path, '..data'))).toBe(first);

  expect(await writeAtomically(volume.path, payload({ a: '3', c: '4' }))).toBe(true);
  expect(await readFile(join(volume.path, 'a'), 'utf8')).toBe('3');
  const second = await readlink(join(volume.path, '..data'));
  expect((await readdir(volume.path)).sort()).toEqual(['..data', second, 'a', 'c'].sort());
});
