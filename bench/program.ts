import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../berth/src/main.ts', import.meta.url));

export interface Program extends AsyncDisposable {
  process: ChildProcess;
  dataDir: string;
  kubeconfig: string;
  /** Milliseconds from the start of the process to each event that it reported. */
  times: Record<string, number>;
}

/** Starts the real program on a data directory; disposing takes it down. A directory that is given is kept. */
export async function startProgram(args: readonly string[], given?: string): Promise<Program> {
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'berth-bench-'));
  const [api, console] = [await freePort(), await freePort()];
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [
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
  });
  return {
    process: child,
    dataDir,
    kubeconfig: join(dataDir, 'kubeconfig'),
    times,
    async [Symbol.asyncDispose]() {
      spawnSync(process.execPath, [main, 'down', '--data-dir', dataDir, ...(given === undefined ? ['--purge'] : [])], {
        stdio: 'inherit',
      });
      if (given === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process in MiB. */
export function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
