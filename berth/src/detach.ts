import { fork } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { prepareDataDir } from './instance.ts';
import { createProgress, type ProgressEvent } from './progress.ts';

/** Starts the same command as a process of its own, passes its progress on, and returns once it is ready. */
export async function detach(dataDir: string, output: 'text' | 'json'): Promise<void> {
  const folder = prepareDataDir(dataDir);
  const file = join(folder, 'output.log');
  const log = openSync(file, 'w');
  const [script = '', ...args] = process.argv.slice(1);
  const child = fork(
    script,
    args.filter((arg) => arg !== '--detach'),
    {
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
    },
  );
  const progress = createProgress(output);
  await new Promise<void>((resolve, reject) => {
    child.on('message', (event: ProgressEvent) => {
      progress.report(event);
      if (event.event === 'ready') resolve();
    });
    child.on('exit', () => reject(new BerthError('InternalError', lastLine(file))));
    child.on('error', reject);
  });
  child.disconnect();
  child.unref();
}

/** What the child said last, without the prefix that this process will add again. */
function lastLine(file: string): string {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.at(-1)?.replace(/^berth: /, '') || `it ended without a word; see ${file}`;
}
