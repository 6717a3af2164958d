import type { FileHandle } from 'node:fs/promises';

const blockSize = 64 * 1024;
const newline = 0x0a;

/** Where the last `lines` lines of the file's first `size` bytes begin, found from their end so that a big file costs no more. */
export async function tailOffset(file: FileHandle, lines: number, size: number): Promise<number> {
  if (lines <= 0) return size;
  const block = Buffer.alloc(blockSize);
  let remaining = lines;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - blockSize);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // The newline at the very end closes the last line and begins none.
      if (block[at] !== newline || start + at === size - 1) continue;
      remaining--;
      if (remaining === 0) return start + at + 1;
    }
    end = start;
  }
  return 0;
}
