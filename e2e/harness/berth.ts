import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clientBinary } from '@berth/berth/clients';
import { type Result, run } from './run.ts';

const main = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'berth', 'src', 'main.ts');

export interface BerthOptions {
  /** Further arguments of `up`. */
  args?: readonly string[];
  /** A data directory of the caller's, which the caller removes. */
  dataDir?: string;
  ports?: { api: number; console: number };
  /** Further environment of `up`. */
  env?: Record<string, string>;
}

/** A Berth of the test's own, as `berth up` in a terminal. Disposing runs `berth down --purge`. */
export interface Berth extends AsyncDisposable {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly ports: { api: number; console: number };
  /** What `up --output json` said when it was ready. */
  readonly ready: { apiUrl: string; consoleUrl: string; signInLink: string; sampleUrl?: string; milliseconds: number };
  /** The process of `up`. */
  process: ChildProcess;
  /** Fails with kubectl's own words when kubectl fails. */
  kubectl(...args: string[]): Promise<string>;
  /** Answers status, stdout and stderr, whatever they are. */
  tryKubectl(args: readonly string[], input?: string): Promise<Result>;
  berth(...args: string[]): Promise<Result>;
  /** Starts `up` again on the same directory, after the process was killed or stopped. */
  restart(): Promise<void>;
}

export async function startBerth(options: BerthOptions = {}): Promise<Berth> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'berth-e2e-'));
  const ports = options.ports ?? { api: await freePort(), console: await freePort() };
  const args = [
    'up',
    ...['--data-dir', dataDir, '--api-port', String(ports.api), '--console-port', String(ports.console)],
    ...['--no-sample', '--output', 'json'],
    ...(options.args ?? []),
  ];
  const kubeconfig = join(dataDir, 'kubeconfig');
  const berth = (...more: string[]) => run(process.execPath, [main, ...more, '--data-dir', dataDir]);
  const tryKubectl = (more: readonly string[], input?: string) =>
    run(clientBinary('kubectl'), more, {
      // kubectl remembers what a server at an address can do; another test's server may have had the same port.
      env: { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dataDir, 'kubectl-cache') },
      ...(input === undefined ? {} : { input }),
    });

  let started: Awaited<ReturnType<typeof launch>>;
  try {
    started = await launch(args, options.env);
  } catch (error) {
    await berth('down', '--purge');
    throw error;
  }
  const self: Berth = {
    dataDir,
    kubeconfig,
    ports,
    ready: started.ready,
    process: started.process,
    tryKubectl,
    berth,
    async kubectl(...more) {
      const { status, stdout, stderr } = await tryKubectl(more);
      if (status !== 0) throw new Error(`kubectl ${more.join(' ')}: ${stderr || stdout}`);
      return stdout;
    },
    async restart() {
      self.process = (await launch(args, options.env)).process;
    },
    async [Symbol.asyncDispose]() {
      const { status, stderr } = await berth('down', '--purge');
      if (self.process.exitCode === null && self.process.signalCode === null) self.process.kill('SIGKILL');
      rmSync(dataDir, { recursive: true, force: true });
      if (status !== 0) throw new Error(`berth down: ${stderr}`);
    },
  };
  return self;
}

/** Starts `berth up` and waits until it says that it is ready. */
function launch(
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<{ process: ChildProcess; ready: Berth['ready'] }> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...more },
  });
  return new Promise((resolve, reject) => {
    let pending = '';
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        const event = JSON.parse(line) as { event: string } & Berth['ready'];
        if (event.event === 'ready') resolve({ process: child, ready: event });
      }
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`berth up ended (${code ?? signal}): ${complaints}`)));
  });
}

const given = new Set<number>();

/**
 * A port of the loopback address that nobody listens on, and that this process was not given before. It is above the
 * range from which the kernel gives ports to connections, so that none takes it before somebody listens.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(61_000, 65_536);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
