import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

/**
 * For tests: runs a script of its own process until `enough` says so of what it printed and `milliseconds` longer, kills it, and
 * answers the whole lines that it printed.
 */
export async function runAndKill(
  script: string,
  args: readonly string[],
  { enough, milliseconds }: { enough: (output: string) => boolean; milliseconds: number },
): Promise<string[]> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const isEnough = Promise.withResolvers<void>();
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
    if (enough(output)) isEnough.resolve();
  });
  const closed = new Promise<string | null>((resolve) => child.on('close', (_code, signal) => resolve(signal)));
  await Promise.race([isEnough.promise, closed]);
  await delay(milliseconds);
  child.kill('SIGKILL');
  expect(await closed).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

/** Whole numbers below a bound, from BERTH_SEED or a seed that is printed. */
export function chance(test: string): (below: number) => number {
  let state = Number(process.env.BERTH_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${test}: BERTH_SEED=${state}`);
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
