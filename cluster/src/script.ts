import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Runs a script of ours in a process of its own, which ends with this one, and answers what it writes to standard output. Rejects with an
 * `Error` whose text is what it wrote to standard error. The script's own side is `scripted`.
 */
export async function runScript(script: URL, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(script), ...args]);
  const [output, said] = [textOf(child.stdout), textOf(child.stderr)];
  // It may have ended before it was told anything.
  child.stdin.on('error', () => {});
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (status !== 0) throw new Error(said.text.trim() || `a process of Berth's ended with ${status ?? signal}`);
  return output.text;
}

/** In such a script: does the work, ends the process, and before that when whoever started it is gone. */
export async function scripted(work: (args: readonly string[]) => Promise<string>): Promise<never> {
  process.stdin.once('end', () => process.exit(1)).resume();
  try {
    const output = await work(process.argv.slice(2));
    // A pipe takes it when it can.
    await new Promise((resolve) => process.stdout.write(output, resolve));
    process.exit(0);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    await new Promise((resolve) => process.stderr.write(text, resolve));
    process.exit(1);
  }
}

function textOf(stream: NodeJS.ReadableStream): { text: string } {
  const collected = { text: '' };
  stream.setEncoding('utf8').on('data', (more: string) => {
    collected.text += more;
  });
  return collected;
}
