import { spawn } from 'node:child_process';

interface Options {
  cwd?: string;
  /** Beside those of this process. */
  env?: NodeJS.ProcessEnv;
}

/** Runs a program whose output is for the reader; answers its exit status, 1 when a signal ended it. */
export function execute(command: string, args: readonly string[], { cwd, env }: Options = {}): Promise<number> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

/** What a program prints. Throws when it fails. */
export function output(command: string, args: readonly string[], { cwd, env }: Options = {}): Promise<string> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) =>
      status === 0 ? resolve(text) : reject(new Error(`${command} ended with ${status}`)),
    );
  });
}
