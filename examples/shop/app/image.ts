import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface ShopImage {
  readonly reference: string;
  /** Where each file stands in the image, and the file of this machine that it is copied from. */
  readonly files: readonly { readonly path: string; readonly source: string }[];
  readonly config: {
    readonly entrypoint: readonly string[];
    readonly cmd: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly user: string;
    readonly workingDir: string;
    readonly exposedPorts: readonly string[];
    readonly labels: Readonly<Record<string, string>>;
  };
}

/**
 * The one image of all the shop's services, as data: the program's files, and how it starts. It goes on top of a root
 * file system that has Node 24 or later as /usr/local/bin/node.
 */
export function shopImage(): ShopImage {
  const directory = import.meta.dirname;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(
      (entry) => entry.isFile() && /\.(ts|css|json)$/.test(entry.name) && !/\.(test|fixture)\.ts$/.test(entry.name),
    )
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith('node_modules/') && path !== 'image.ts')
    .sort()
    .map((path) => ({ path: `/app/${path}`, source: join(directory, path) }));
  return {
    reference: 'berth.local/shop:1',
    files,
    config: {
      // node:sqlite says at every start that it is experimental.
      entrypoint: ['/usr/local/bin/node', '--disable-warning=ExperimentalWarning', '/app/main.ts'],
      cmd: ['storefront'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      user: '65532:65532',
      workingDir: '/app',
      exposedPorts: ['8080/tcp'],
      labels: { 'org.opencontainers.image.title': 'shop' },
    },
  };
}
