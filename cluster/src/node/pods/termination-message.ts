import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseLogLine } from '../logs/line.ts';
import type { ContainerStatus } from '../runtime/types.ts';
import { marks } from './observed.ts';
import { terminationFile } from './start-container.ts';

const mostBytes = 4096;
const fallbackBytes = 2048;
const fallbackLines = 80;

/** The status of a container, for one that ended with its last words as the message. */
export async function withLastWords<T extends ContainerStatus>(status: T): Promise<T> {
  const message = status.state === 'exited' ? await terminationMessage(status) : '';
  return message === '' ? status : { ...status, message };
}

/** What an ended container left as its last words: its file, or the end of its log when the policy says so. */
async function terminationMessage(status: ContainerStatus): Promise<string> {
  const file = status.annotations[terminationFile];
  const message = file ? await head(file, mostBytes) : '';
  const policy = status.annotations[marks.terminationMessagePolicy];
  if (message !== '' || policy !== 'FallbackToLogsOnError' || status.exitCode === 0) return message;
  const log = await readFile(join(status.logPath), 'utf8').catch(() => '');
  const lines = log.trimEnd().split('\n').slice(-fallbackLines);
  const text = lines.map((line) => parseLogLine(line)?.text ?? '').join('\n');
  return text.slice(-fallbackBytes);
}

async function head(file: string, length: number): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}
