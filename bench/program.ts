import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '../berth/node-flags.mjs';

const main = fileURLToPath(new URL('../berth/src/main.ts', import.meta.url));

export interface Program extends AsyncDisposable {
  process: ChildProcess;
  dataDir: string;
  kubeconfig: string;
  /** Milliseconds from the start of the process to each event that it reported. */
  times: Record<string, number>;
  /** Ends the process as Ctrl-C does, containers go on; answers the milliseconds until it is gone. */
  stop(): Promise<number>;
  /** `berth down`: ends the rest too; answers the milliseconds of the whole command. */
  down(): Promise<number>;
}

/** Starts the real program on a data directory; disposing takes it down. A directory that is given is kept. */
export async function startProgram(args: readonly string[], given?: string): Promise<Program> {
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'berth-bench-'));
  const api = await freePort();
  const console = await freePort(api);
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
      // As the launcher starts it.
      ...nodeFlags,
      main,
      'up',
      '--data-dir',
      dataDir,
      '--api-port',
      String(api),
      '--console-port',
      String(console),
      '--no-sample',
      '--output',
      'json',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'exit');
  let isDown = false;
  const down = async () => {
    const before = performance.now();
    isDown = true;
    const purge = given === undefined ? ['--purge'] : [];
    const command = spawn(process.execPath, [main, 'down', '--data-dir', dataDir, ...purge], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = await once(command, 'exit');
    if (code !== 0) throw new Error(`berth down ended with ${code}`);
    return performance.now() - before;
  };
  const times: Record<string, number> = {};
  await new Promise<void>((resolve, reject) => {
    let pending = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as { event: string; name?: string };
        times[event.name ?? event.event] = performance.now() - started;
        if (event.event === 'ready') resolve();
      }
    });
    child.once('exit', (code) => reject(new Error(`berth up ended with ${code}`)));
  }).catch(async (error) => {
    await down();
    throw error;
  });
  return {
    process: child,
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    times,
    async stop() {
      const before = performance.now();
      child.kill('SIGTERM');
      await ended;
      return performance.now() - before;
    },
    down,
    async [Symbol.asyncDispose]() {
      if (!isDown) await down();
      if (given === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process in MiB. */
export function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** The most that a process has had resident so far, in MiB. */
export function mostMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Processor time that a process has used so far, in milliseconds: fields 14 and 15 of /proc/PID/stat, 100 ticks a second. */
export function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The processes whose command line names something, such as those that outlive Berth and work on a data directory. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // Not a process, or over by now.
      }
    });
}

/** Above the range from which the kernel gives ports to connections, so that none takes it before Berth listens; never `taken`. */
async function freePort(taken?: number): Promise<number> {
  for (;;) {
    const port = randomInt(61_000, 65_536);
    if (port === taken) continue;
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
