import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, busyboxImage, type ImageEntry, libraryEntries } from '@berth/cluster/images';

export interface ImageFile extends Disposable {
  readonly path: string;
  readonly reference: string;
}

/** An archive with this machine's BusyBox under any name, further files and programs; for tests that need an image of that name. */
export async function busyboxArchive(
  reference: string,
  options: { files?: Record<string, string>; programs?: readonly string[]; cmd?: readonly string[] } = {},
): Promise<ImageFile> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-image-'));
  const base = await busyboxImage(process.arch === 'arm64' ? 'arm64' : 'amd64');
  const added = Object.entries(options.files ?? {}).map(
    ([path, content]): ImageEntry => ({ type: 'file', path, content, mode: 0o755 }),
  );
  const files = [...added, ...(await programEntries(options.programs ?? []))];
  const path = join(folder, 'image.tar');
  await buildImage(
    {
      ...base,
      reference,
      layers: files.length === 0 ? base.layers : [...base.layers, files],
      config: { ...base.config, ...(options.cmd === undefined ? {} : { cmd: options.cmd }) },
    },
    { output: path },
  );
  return { path, reference, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Programs of this machine at their own paths, with the libraries they need. */
export async function programEntries(programs: readonly string[]): Promise<ImageEntry[]> {
  const entries = new Map<string, ImageEntry>();
  for (const source of programs) {
    entries.set(source, { type: 'file', path: source, content: { source }, mode: 0o755 });
    for (const entry of await libraryEntries(source)) entries.set(entry.path, entry);
  }
  return [...entries.values()];
}

/** A web server that answers every request for `/` with its version. */
export function webArchive(reference: string, version: string): Promise<ImageFile> {
  return busyboxArchive(reference, {
    files: { '/www/index.html': `${version}\n` },
    // As the first process of a container httpd would ignore SIGTERM, and each end would take the whole grace period.
    cmd: ['/bin/sh', '-c', 'trap exit TERM; httpd -f -p 80 -h /www & wait $!'],
  });
}
