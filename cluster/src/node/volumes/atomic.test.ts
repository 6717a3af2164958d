import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type PayloadFile, writeAtomically } from './atomic.ts';

const payload = (files: Record<string, string>) =>
  new Map<string, PayloadFile>(
    Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]),
  );

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

test('the group may read all and write nothing, and a file has the owner that it names', async () => {
  await using volume = await directory();
  const files = payload({ a: '1', 'sub/b': '2' });
  files.set('token', { data: Buffer.from('3'), mode: 0o600, owner: 1000 });
  await writeAtomically(volume.path, files, 3000);
  const seen = async (path: string) => {
    const { uid, gid, mode } = await stat(join(volume.path, path));
    return `${uid} ${gid} ${(mode & 0o7777).toString(8)}`;
  };
  expect(await seen('a')).toBe('0 3000 640');
  expect(await seen('token')).toBe('1000 3000 640');
  expect(await seen('sub')).toBe('0 3000 2755');
  expect(await seen('..data')).toBe('0 3000 2755');
});
