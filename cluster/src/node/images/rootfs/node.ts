import type { ImageEntry } from '../types.ts';
import { baseEntries } from './accounts.ts';
import { busyboxEntries } from './busybox.ts';
import { exists, libraryEntries } from './libraries.ts';

const certificates = '/etc/ssl/certs/ca-certificates.crt';
// glibc opens these by name when it first resolves one, so that no header tells of them; in glibc 2.34 they moved
// into the C library, and where they are not installed they are not needed.
const resolverLibraries = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

/**
 * A root file system with this machine's own Node as /usr/local/bin/node, its shared libraries, accounts and
 * certificates, and a shell where the machine has BusyBox. Meant as the bottom layer of images of Node programs.
 * @param node the Node binary; the running one when left out
 */
export async function nodeRootfs(node = process.execPath): Promise<ImageEntry[]> {
  const libraries = await libraryEntries(node);
  const busybox = await busyboxEntries();
  const taken = new Set(libraries.map(({ path }) => path));
  const libc = libraries.find(({ path }) => path.includes('/libc.'))?.path;
  const entries: ImageEntry[] = [
    ...baseEntries(),
    { type: 'file', path: '/usr/local/bin/node', mode: 0o755, content: { source: node } },
    ...libraries,
    ...busybox.filter(({ path }) => !taken.has(path)),
  ];
  for (const name of libc === undefined ? [] : resolverLibraries) {
    const path = `${libc?.slice(0, libc.lastIndexOf('/'))}/${name}`;
    if (!taken.has(path) && (await exists(path))) {
      entries.push({ type: 'file', path, mode: 0o755, content: { source: path } });
    }
  }
  if (await exists(certificates)) {
    entries.push({ type: 'file', path: certificates, content: { source: certificates } });
  }
  return entries;
}
