import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { orderedEntries } from './entries.ts';
import type { FileEntry, ImageEntry } from './types.ts';

/** Every time in an image is the epoch: the same content gives the same digest, on any day and any machine. */
export const epoch = new Date(0);

/** The tar stream of one layer. Equal entries give equal bytes. Fails when a source file is gone or changes its size. */
export async function* layerTar(entries: readonly ImageEntry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const written = writeEntries(tar, entries).then(
    () => tar.finalize(),
    (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
  } finally {
    tar.destroy();
    await written;
  }
}

async function writeEntries(tar: Pack, entries: readonly ImageEntry[]): Promise<void> {
  for (const [name, entry] of orderedEntries(entries)) {
    const owned = { name, mtime: epoch, uid: entry.uid ?? 0, gid: entry.gid ?? 0 };
    if (entry.type === 'directory') {
      tar.entry({ ...owned, name: `${name}/`, type: 'directory', mode: entry.mode ?? 0o755 });
    } else if (entry.type === 'symlink') {
      tar.entry({ ...owned, type: 'symlink', mode: 0o777, linkname: entry.target });
    } else {
      await writeFileEntry(tar, entry, { ...owned, type: 'file', mode: entry.mode ?? 0o644 });
    }
  }
}

interface FileHeader {
  readonly name: string;
  readonly mtime: Date;
  readonly uid: number;
  readonly gid: number;
  readonly type: 'file';
  readonly mode: number;
}

async function writeFileEntry(tar: Pack, entry: FileEntry, header: FileHeader): Promise<void> {
  const { content } = entry;
  if (typeof content === 'string' || content instanceof Uint8Array) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    tar.entry({ ...header, size: bytes.length }, bytes);
    return;
  }
  const { size } = await stat(content.source);
  if (size === 0) {
    tar.entry({ ...header, size: 0 }, '');
    return;
  }
  const sink = tar.entry({ ...header, size });
  // `end` bounds the read to the announced size: a file that grows meanwhile must not run into the next header.
  await pipeline(createReadStream(content.source, { end: size - 1, highWaterMark: 1 << 20 }), sink);
}
