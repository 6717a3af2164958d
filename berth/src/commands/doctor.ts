import { type Check, checkMachine } from '../machine.ts';

const marks = { ok: '✓', warning: '!', failed: '✗' } as const;

/** Prints every check with its remedy; exit status 1 when one failed. */
export async function doctor(options: {
  dataDir: string;
  apiPort: number;
  consolePort: number;
  output: 'text' | 'json';
}): Promise<void> {
  const checks = await checkMachine(options);
  if (options.output === 'json') {
    console.log(JSON.stringify({ checks }, null, 2));
  } else {
    for (const check of checks) console.log(lineOf(check));
  }
  process.exitCode = checks.some(({ state }) => state === 'failed') ? 1 : 0;
}

function lineOf({ name, state, found, remedy }: Check): string {
  const line = `  ${marks[state]} ${name.padEnd(22)} ${found}`;
  return remedy === undefined ? line : `${line}\n    ${''.padEnd(22)} → ${remedy}`;
}
