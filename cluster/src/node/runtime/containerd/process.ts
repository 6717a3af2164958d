import { spawn } from 'node:child_process';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';

/** A process by its id and start time: ids are given out again, the pair is not. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat`. */
  startTicks: number;
}

/** Undefined when there is no such process, or only its remains. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command's name stands in parentheses and may hold anything, so fields are counted after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : { pid, startTicks: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identityOf(process.pid))?.startTicks === process.startTicks;
}

/** Starts a program that outlives us, its output appended to `log`, its identity recorded in `pidFile`. */
export async function startDetached(options: {
  command: string;
  args: string[];
  log: string;
  pidFile: string;
}): Promise<ProcessIdentity> {
  const log = await open(options.log, 'a');
  try {
    const child = spawn(options.command, options.args, { detached: true, stdio: ['ignore', log.fd, log.fd] });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(
          new BerthError('ServiceUnavailable', `${options.command} cannot be started: ${cause.message}`, { cause }),
        ),
      );
    });
    child.on('error', () => {});
    child.unref();
    const identity = await identityOf(child.pid as number);
    if (!identity) throw new BerthError('ServiceUnavailable', `${options.command} ended at once; see ${options.log}`);
    await writeFile(options.pidFile, JSON.stringify(identity));
    return identity;
  } finally {
    await log.close();
  }
}

/** The recorded process if it still runs. */
export async function recordedProcess(pidFile: string): Promise<ProcessIdentity | undefined> {
  try {
    const recorded = JSON.parse(await readFile(pidFile, 'utf8')) as ProcessIdentity;
    return (await isAlive(recorded)) ? recorded : undefined;
  } catch {
    return undefined;
  }
}

/** Waits until the unix socket accepts; throws when the process ends before, or after `timeoutMs`. */
export async function untilListening(socket: string, process: ProcessIdentity, timeoutMs: number, log: string) {
  const deadline = Date.now() + timeoutMs;
  for (let pause = 5; ; pause = Math.min(pause * 1.5, 50)) {
    if (await accepts(socket)) return;
    if (!(await isAlive(process))) {
      throw new BerthError(
        'ServiceUnavailable',
        `containerd ended while it started: ${await lastLine(log)} (see ${log})`,
      );
    }
    if (Date.now() > deadline) {
      throw new BerthError('Timeout', `containerd does not listen on ${socket} after ${timeoutMs} ms; see ${log}`);
    }
    await delay(pause);
  }
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = createConnection(socket);
    attempt.once('connect', () => {
      attempt.destroy();
      resolve(true);
    });
    attempt.once('error', () => resolve(false));
  });
}

async function lastLine(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n');
  return lines.at(-1) ?? '';
}

/** SIGTERM, and SIGKILL when it is still there after `graceMs`; SIGKILL at once when that is 0. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  for (const [signal, patience] of [
    ['SIGTERM', graceMs],
    ['SIGKILL', 5000],
  ] as const) {
    if (!(await isAlive(identity))) return;
    if (patience === 0) continue;
    try {
      process.kill(identity.pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + patience;
    while ((await isAlive(identity)) && Date.now() < deadline) await delay(10);
  }
}

/** Processes whose arguments hold all these, each as a whole argument. */
export async function processesWith(args: readonly string[]): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const commandLine = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (!args.every((arg) => commandLine.includes(arg))) continue;
    const identity = await identityOf(Number(entry));
    if (identity) found.push(identity);
  }
  return found;
}

/** Processes whose parent is one of these. */
export async function childrenOf(parents: ReadonlySet<number>): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    const identity = parents.has(parent) ? await identityOf(Number(entry)) : undefined;
    if (identity) found.push(identity);
  }
  return found;
}

export const forget = (pidFile: string): Promise<void> => rm(pidFile, { force: true });
