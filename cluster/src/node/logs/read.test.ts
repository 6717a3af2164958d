import { appendFile, mkdtemp, readdir, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { parseLogLine, type ReadOptions, readLog } from './index.ts';

const stamp = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.123456789Z`;
const entry = (second: number, line: string, tag = 'F') => `${stamp(second)} stdout ${tag} ${line}\n`;

async function logFile(content: string) {
  const directory = await mkdtemp(join(tmpdir(), 'berth-log-'));
  const file = join(directory, '0.log');
  await writeFile(file, content);
  const over = new AbortController();
  const end = Promise.withResolvers<void>();
  return {
    file,
    end: end.resolve,
    read: (options: Partial<ReadOptions> = {}) =>
      readLog({ file, follow: false, timestamps: false, signal: over.signal, ended: end.promise, ...options }),
    async [Symbol.asyncDispose]() {
      over.abort();
      await rm(directory, { recursive: true });
    },
  };
}

/** Whether this process has the file open. Source: proc_pid_fd(5). */
async function isOpen(file: string): Promise<boolean> {
  const descriptors = await readdir('/proc/self/fd');
  const paths = await Promise.all(descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return paths.includes(file);
}

test('a line is taken apart, and what is no line is not', () => {
  expect(parseLogLine(`${stamp(1)} stderr F a b`)).toEqual({
    time: stamp(1),
    stream: 'stderr',
    partial: false,
    text: 'a b',
  });
  expect(parseLogLine('broken')).toBeUndefined();
});

test('long lines are joined, times shown once each', async () => {
  await using log = await logFile(entry(1, 'one ', 'P') + entry(1, 'line') + entry(2, 'two'));
  expect(await text(log.read())).toBe('one line\ntwo\n');
  expect(await text(log.read({ timestamps: true }))).toBe(`${stamp(1)} one line\n${stamp(2)} two\n`);
});

test('what is written while it is read belongs to a log that is followed, and to no other', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => entry(index % 60, `line ${index}`));
  for (const follow of [false, true]) {
    await using log = await logFile(lines.join(''));
    let said = '';
    for await (const chunk of log.read({ follow, tailLines: 20_000 })) {
      if (said === '') await appendFile(log.file, entry(1, 'later'));
      log.end();
      said += chunk;
    }
    expect(said.endsWith('later\n')).toBe(follow);
    expect(said.trimEnd().split('\n')).toHaveLength(follow ? 20_001 : 20_000);
  }
});

test('the end of a big file, what is recent, and no more than asked', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => entry(index % 60, `line ${index} é`));
  await using log = await logFile(lines.join(''));
  expect(await text(log.read({ tailLines: 2 }))).toBe('line 19998 é\nline 19999 é\n');
  expect(await text(log.read({ tailLines: 0 }))).toBe('');
  expect((await text(log.read({ tailLines: 15_000 }))).split('\n')).toHaveLength(15_001);
  expect((await text(log.read())).split('\n')).toHaveLength(20_001);
  expect(await text(log.read({ limitBytes: 10 }))).toBe('line 0 é\n');
  const since = Date.parse('2026-01-01T00:00:19Z');
  expect(await text(log.read({ tailLines: 20, since }))).toBe('line 19999 é\n');
});

test('a followed log goes on through a rotation and ends with its container', async () => {
  await using log = await logFile(entry(1, 'one'));
  const stream = log.read({ follow: true });
  const seen: string[] = [];
  stream.on('data', (chunk) => seen.push(String(chunk)));
  const over = new Promise((resolve) => stream.once('end', resolve));
  await expect.poll(() => seen.join('')).toBe('one\n');
  await appendFile(log.file, entry(2, 'two'));
  await expect.poll(() => seen.join('')).toBe('one\ntwo\n');
  await rename(log.file, `${log.file}.old`);
  await writeFile(log.file, entry(3, 'three'));
  await expect.poll(() => seen.join('')).toBe('one\ntwo\nthree\n');
  await appendFile(log.file, entry(4, 'last'));
  log.end();
  await over;
  expect(seen.join('')).toBe('one\ntwo\nthree\nlast\n');
});

test('who reads slowly misses nothing of logs that are put aside and gone, nor what comes late to one', async () => {
  const first = Array.from({ length: 20_000 }, (_, index) => entry(index % 60, `line ${index}`));
  await using log = await logFile(first.join(''));
  const lines: string[] = [];
  let rest = '';
  let chunks = 0;
  for await (const chunk of log.read({ follow: true })) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    chunks++;
    // While the first file is still being read, three others take its place and go, the first loses its name too.
    if (chunks === 1) {
      for (const number of [1, 2, 3]) {
        await rename(log.file, `${log.file}.${number}`);
        await writeFile(log.file, entry(number, `file ${number}`));
        if (number === 1) await appendFile(`${log.file}.1`, entry(1, 'late'));
        // The reader holds it already, however slow it is.
        await expect.poll(() => isOpen(log.file)).toBe(true);
      }
      for (const number of [1, 2, 3]) await rm(`${log.file}.${number}`);
    }
    if (lines.at(-1) === 'file 3') log.end();
  }
  expect(lines).toHaveLength(20_004);
  expect(lines.slice(-5)).toEqual(['line 19999', 'late', 'file 1', 'file 2', 'file 3']);
});

test('a log that is not there is empty', async () => {
  await using log = await logFile('');
  expect(await text(log.read({ file: `${log.file}.absent` }))).toBe('');
});
