import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Architecture } from '../types.ts';
import { pauseProgram } from './program.ts';

const here: Architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';

async function installed() {
  const directory = await mkdtemp(join(tmpdir(), 'berth-pause-'));
  const path = join(directory, 'pause');
  await writeFile(path, pauseProgram(here));
  await chmod(path, 0o755);
  const started: ChildProcess[] = [];
  const start = async (command: string, args: string[]) => {
    const child = spawn(command, args);
    started.push(child);
    await once(child, 'spawn');
    return { child, pid: child.pid ?? 0 };
  };
  const dispose = async () => {
    for (const child of started) child.kill('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  };
  return { path, start, [Symbol.asyncDispose]: dispose };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}

/** Whether the program has come to where it waits: it is in rt_sigtimedwait. */
const waiting = async (pid: number) =>
  (await readFile(`/proc/${pid}/syscall`, 'utf8')).startsWith(here === 'amd64' ? '128 ' : '137 ');

describe.skipIf(process.platform !== 'linux')('the program of the sandbox', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('ends with status 0 on %s', async (signal) => {
    await using program = await installed();
    const { child, pid } = await program.start(program.path, []);
    await until(() => waiting(pid));
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('reaps the children left to it, those from before its start and many at once', async () => {
    await using program = await installed();
    const script = 'for i in 1 2 3 4 5 6 7 8; do sleep 0.1 & done; sleep 0 & exec "$0"';
    const { child, pid } = await program.start('/bin/sh', ['-c', script, program.path]);
    const children = () => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    await until(() => waiting(pid));
    expect(await readFile(`/proc/${pid}/comm`, 'utf8')).toBe('pause\n');
    await until(async () => (await children()) === '');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('needs less than a page, on either architecture', () => {
    expect(pauseProgram('amd64').length).toBeLessThan(4096);
    expect(Buffer.from(pauseProgram('arm64')).readUInt16LE(18)).toBe(183);
  });
});
