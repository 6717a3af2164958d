import { closeSync, openSync, readSync } from 'node:fs';

const stepBytes = 1024 * 1024;

/** The lines of a file without their breaks; the last may have none. A file that is not there has no lines. */
export function* linesOf(file: string): Generator<{ bytes: Buffer; isWhole: boolean }> {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    let rest: Buffer = Buffer.alloc(0);
    for (;;) {
      const step = Buffer.alloc(stepBytes);
      const length = readSync(fd, step, 0, stepBytes, null);
      if (length === 0) break;
      const text = Buffer.concat([rest, step.subarray(0, length)]);
      let from = 0;
      for (let to = text.indexOf(0x0a); to >= 0; to = text.indexOf(0x0a, from)) {
        yield { bytes: text.subarray(from, to), isWhole: true };
        from = to + 1;
      }
      rest = text.subarray(from);
    }
    if (rest.length > 0) yield { bytes: rest, isWhole: false };
  } finally {
    closeSync(fd);
  }
}
