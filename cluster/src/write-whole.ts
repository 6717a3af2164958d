import { open, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The file holds the text, or what it held before: never a part, also when the power fails meanwhile; the text once this has
 * resolved. One writer at a time.
 */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, text, { mode, flush: true });
  await rename(`${file}.new`, file);
  await using directory = await open(dirname(file));
  await directory.sync();
}
