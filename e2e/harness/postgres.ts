import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildImage, busyboxImage, directoryEntries, type ImageEntry, libraryEntries } from '@berth/cluster/images';
import type { ImageFile } from './images.ts';
import { unpackPackages } from './packages.ts';
import { run } from './run.ts';

/** The user that the server runs as: it refuses to be root. */
export const postgresUser = 999;

const programs = ['postgres', 'initdb', 'psql'];

/** Makes the database where there is none, whole or not at all; then serves it. SIGTERM ends it without waiting for clients. */
const serve = `#!/bin/sh
set -e
if [ ! -d "$PGDATA" ]; then
  rm -rf "$PGDATA.new"
  initdb -D "$PGDATA.new" -U postgres -A trust -E UTF8 --locale=C >/dev/null
  echo 'host all all all trust' >> "$PGDATA.new/pg_hba.conf"
  mv "$PGDATA.new" "$PGDATA"
fi
# Of a server that had no time to end; nobody else runs in this container.
rm -f "$PGDATA/postmaster.pid"
postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp & server=$!
trap 'kill -INT $server' TERM
while kill -0 $server 2>/dev/null; do wait $server || true; done
`;

/** PostgreSQL from Debian's packages as an image: fetched, unpacked, and put together here. Nothing is installed. */
export async function postgresArchive(reference: string): Promise<ImageFile> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-postgres-'));
  const path = join(folder, 'image.tar');
  try {
    const root = await unpackedPackages(folder);
    const [version = ''] = readdirSync(join(root, 'usr/lib/postgresql'));
    const home = `/usr/lib/postgresql/${version}`;
    const base = await busyboxImage(process.arch === 'arm64' ? 'arm64' : 'amd64');
    const entries = new Map<string, ImageEntry>();
    const add = (some: readonly ImageEntry[]) => {
      for (const entry of some) entries.set(entry.path, entry);
    };
    const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
    for (const program of programs) {
      const source = join(root, home, 'bin', program);
      add([
        { type: 'file', path: `${home}/bin/${program}`, mode: 0o755, content: { source } },
        ...(await libraryEntries(source, [join(root, 'usr/lib', triplet), join(root, 'lib', triplet)])),
      ]);
    }
    for (const name of readdirSync(join(root, home, 'lib'))) {
      // The compiler for queries wants all of LLVM, and is done without when it is not there.
      if (!name.endsWith('.so') || name.startsWith('llvm')) continue;
      add([{ type: 'file', path: `${home}/lib/${name}`, content: { source: join(root, home, 'lib', name) } }]);
    }
    const share = `/usr/share/postgresql/${version}`;
    add(await directoryEntries(join(root, share), share));
    const passwd = `root:x:0:0:root:/root:/bin/sh\npostgres:x:${postgresUser}:${postgresUser}:postgres:/tmp:/bin/sh\n`;
    add([
      { type: 'file', path: '/etc/passwd', content: passwd },
      { type: 'file', path: '/usr/local/bin/serve-postgres', mode: 0o755, content: serve },
    ]);
    await buildImage(
      {
        ...base,
        reference,
        layers: [...base.layers, [...entries.values()]],
        config: {
          cmd: ['serve-postgres'],
          user: String(postgresUser),
          env: { PATH: `${home}/bin:/usr/local/bin:/bin`, PGDATA: '/data/main', PGHOST: '/tmp', PGUSER: 'postgres' },
        },
      },
      { output: path },
    );
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return { path, reference, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Debian's packages of PostgreSQL with what this machine lacks for them, unpacked below the folder. */
async function unpackedPackages(folder: string): Promise<string> {
  const depends = (await run('apt-cache', ['depends', '--no-recommends', '--no-suggests', 'postgresql'])).stdout;
  const server = /postgresql-\d+/.exec(depends)?.[0];
  if (!server) throw new Error('apt knows no package postgresql: run "apt-get update"');
  return unpackPackages(folder, [server, server.replace('postgresql', 'postgresql-client'), 'libpq5']);
}
