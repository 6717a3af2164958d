import { rename, writeFile } from 'node:fs/promises';

/** The file holds the text, or what it held before: never a part, also when the power fails meanwhile. One writer at a time. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, text, { mode, flush: true });
  await rename(`${file}.new`, file);
}
