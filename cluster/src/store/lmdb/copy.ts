import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('copy-process.ts', import.meta.url));

/**
 * Copies what is durable of a store file that is open here into a new one, while it is written to. A process of its own does it, since
 * all that is copied stays in the memory of the one that read it. Rejects with the reason as an `Error`'s text.
 */
export async function copyOf(file: string, target: string): Promise<void> {
  // Its standard input ends with this process, and so does it.
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, file, target], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (status !== 0) throw new Error(said.trim() || `the copying process ended with ${status ?? signal}`);
}
