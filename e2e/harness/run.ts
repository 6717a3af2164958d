import { spawn } from 'node:child_process';

export interface Result {
  /** Exit status; 128 + the signal's number is not computed: a killed program has `null`. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end with everything that it prints. */
export function run(
  command: string,
  args: readonly string[],
  options: { input?: string; env?: NodeJS.ProcessEnv; signal?: AbortSignal; cwd?: string } = {},
): Promise<Result> {
  const { input, ...spawnOptions } = options;
  const child = spawn(command, args, { ...spawnOptions, stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // A program that ends before it has read its input closes the pipe; its exit status says what happened.
  child.stdin.on('error', () => {});
  child.stdin.end(input ?? '');
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...output }));
  });
}
