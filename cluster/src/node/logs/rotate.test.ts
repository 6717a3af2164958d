import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { removeLog, rotateLog } from './index.ts';

const policy = { maxBytes: 10, maxFiles: 3 };
const start = Date.parse('2026-01-01T23:59:58Z');

/** A directory with a log that is written by a runtime of sorts. */
async function logDirectory() {
  const directory = await mkdtemp(join(tmpdir(), 'berth-log-'));
  const file = join(directory, '0.log');
  let isOut = false;
  return {
    file,
    in: (name: string) => join(directory, name),
    names: async () => (await readdir(directory)).sort(),
    write: (text: string) => writeFile(file, text),
    /** The runtime does not answer. */
    fail: (fails: boolean) => {
      isOut = fails;
    },
    rotate: (seconds = 0, given = policy) => {
      const reopenLog = async () => {
        if (isOut) throw new Error('the runtime is out of order');
        await writeFile(file, '', { flag: 'a' });
      };
      return rotateLog({ file, containerId: 'c', runtime: { reopenLog }, now: start + seconds * 1000, policy: given });
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

test('a log is put aside when it is large, older ones are compressed, the oldest go', async () => {
  await using log = await logDirectory();
  await log.write('short');
  expect(await log.rotate()).toBe(false);
  await log.write('first and long');
  expect(await log.rotate(0)).toBe(true);
  expect(await log.names()).toEqual(['0.log', '0.log.20260101-235958']);
  expect(await readFile(log.file, 'utf8')).toBe('');
  await log.write('second and long');
  expect(await log.rotate(0)).toBe(false);
  await log.rotate(1);
  expect(await log.names()).toEqual(['0.log', '0.log.20260101-235958.gz', '0.log.20260101-235959']);
  expect(gunzipSync(await readFile(log.in('0.log.20260101-235958.gz'))).toString()).toBe('first and long');
  await log.write('third and long');
  await log.rotate(2);
  expect(await log.names()).toEqual(['0.log', '0.log.20260101-235959.gz', '0.log.20260102-000000']);
  await log.write('fourth and long');
  await log.rotate(3, { maxBytes: 10, maxFiles: 2 });
  expect(await log.names()).toEqual(['0.log', '0.log.20260102-000001']);
});

test('a log whose runtime does not open a new one stays where it is written', async () => {
  await using log = await logDirectory();
  await log.write('long enough');
  log.fail(true);
  await expect(log.rotate()).rejects.toThrow('out of order');
  expect(await log.names()).toEqual(['0.log']);
  expect(await readFile(log.file, 'utf8')).toBe('long enough');
});

test('what an interrupted rotation left is put right', async () => {
  await using log = await logDirectory();
  // Put aside, and nobody told the runtime.
  await writeFile(log.in('0.log.20251231-000000'), 'aside');
  expect(await log.rotate()).toBe(false);
  expect(await log.names()).toEqual(['0.log', '0.log.20251231-000000']);
  // Half compressed, and compressed without the removal.
  await log.write('long enough');
  await writeFile(log.in('0.log.20251231-000000.tmp'), 'half');
  await writeFile(log.in('0.log.20251230-000000'), 'whole');
  await writeFile(log.in('0.log.20251230-000000.gz'), 'whole');
  await log.rotate(0, { maxBytes: 10, maxFiles: 9 });
  expect(await log.names()).toEqual([
    '0.log',
    '0.log.20251230-000000.gz',
    '0.log.20251231-000000.gz',
    '0.log.20260101-235958',
  ]);
});

test('a log goes with all that was put aside of it, and with no other', async () => {
  await using log = await logDirectory();
  for (const name of ['0.log', '0.log.20260101-000000', '0.log.20251231-000000.gz', '10.log', '1.log']) {
    await writeFile(log.in(name), 'x');
  }
  await removeLog(log.file);
  expect(await log.names()).toEqual(['1.log', '10.log']);
  await removeLog(log.file);
});
