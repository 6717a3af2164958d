/**
 * Makes the images that the suite's pods run from programs built here, under the names that `repositories.yaml` gives:
 *   node images.ts DIRECTORY        DIRECTORY has the programs' files; archives are written beside them
 */
import { join } from 'node:path';
import { argv, exit, stderr, stdout } from 'node:process';
import { buildImage, busyboxImage, type ImageEntry, libraryEntries, pauseImage } from '@berth/cluster/images';

interface Program {
  reference: string;
  /** In the directory. */
  file: string;
  /** What it is built from. */
  module: string;
  /** Where the suite's manifests look for it. */
  at: string;
  mode?: number;
  cmd?: readonly string[];
  /** Further files, by their paths. */
  files?: Readonly<Record<string, string>>;
}

/** A program of this machine with the libraries that it needs. */
async function ofThisMachine(source: string): Promise<ImageEntry[]> {
  return [{ type: 'file', path: source, content: { source }, mode: 0o755 }, ...(await libraryEntries(source))];
}

/** Of the module; they stand beside the programs. The suite asks its web servers for the certificate. */
export const agnhostFiles = ['localhost.crt', 'localhost.key'];
const agnhost = { file: 'agnhost', module: 'k8s.io/kubernetes/test/images/agnhost', at: '/agnhost' } as const;
const picture = (name: string): Program => ({
  ...{ ...agnhost, reference: `localhost/e2e/${name}:1.7`, cmd: ['test-webserver'] },
  files: { '/data.json': `{"image": "${name}.jpg"}\n` },
});

/** Names and versions as in the module's own list of images. */
export const programs: readonly Program[] = [
  { ...agnhost, reference: 'localhost/e2e/agnhost:2.59', cmd: ['pause'] },
  { ...agnhost, reference: 'localhost/e2e/agnhost:2.55', cmd: ['pause'] },
  picture('nautilus'),
  picture('kitten'),
  // For the suite these are programs that listen at port 80 and end when they are told to.
  { ...agnhost, reference: 'localhost/e2e/nginx:1.14-4', cmd: ['test-webserver'] },
  { ...agnhost, reference: 'localhost/e2e/nginx:1.15-4', cmd: ['test-webserver'] },
  {
    ...{ reference: 'localhost/e2e/nonewprivs:1.3', file: 'nonewprivs', at: '/nnp', mode: 0o4755 },
    module: 'k8s.io/kubernetes/test/images/nonewprivs',
  },
  {
    ...{ reference: 'localhost/e2e/sample-apiserver:1.29.2', file: 'sample-apiserver', at: '/sample-apiserver' },
    module: 'k8s.io/sample-apiserver',
  },
  {
    ...{ reference: 'localhost/e2e/etcd:3.6.6-0', file: 'etcd', at: '/usr/local/bin/etcd' },
    module: 'go.etcd.io/etcd/server/v3',
  },
];

export async function makeImages(directory: string): Promise<string[]> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const base = await busyboxImage(architecture);
  // Some specs run the web client of the suite's own image, and one runs the program by its second name.
  const agnhostLayer: ImageEntry[] = [
    ...(await ofThisMachine('/usr/bin/curl')),
    { type: 'symlink', path: '/agnhost-2', target: 'agnhost' },
  ];
  // The shell of a BusyBox before 1.37 drops the variables that no shell can name; `sh -c env` is asked for these. What
  // /bin/sh says has to be in BusyBox's words.
  const shellLayer: ImageEntry[] = [
    ...(await ofThisMachine('/bin/bash')),
    { type: 'symlink', path: '/usr/local/bin/sh', target: '/bin/bash' },
  ];
  const made: string[] = [];
  for (const { reference, file, at, mode = 0o755, cmd, files = {} } of programs) {
    const layer: ImageEntry[] = [
      { type: 'file', path: at, content: { source: join(directory, file) }, mode },
      ...Object.entries(files).map(([path, content]): ImageEntry => ({ type: 'file', path, content })),
      ...(file === 'agnhost' ? agnhostFiles : []).map(
        (name): ImageEntry => ({ type: 'file', path: `/${name}`, content: { source: join(directory, name) } }),
      ),
    ];
    const above = file === 'agnhost' ? [agnhostLayer] : [];
    const output = join(directory, `${reference.replace(/^.*\//, '').replace(':', '-')}.tar`);
    const config = { entrypoint: [at], ...(cmd === undefined ? {} : { cmd }) };
    await buildImage({ reference, architecture, layers: [...base.layers, ...above, layer], config }, { output });
    made.push(output);
  }
  const ours = [
    {
      ...{ ...base, layers: [...base.layers, shellLayer] },
      ...{ reference: 'localhost/e2e/busybox:1.37.0-1', output: join(directory, 'busybox.tar') },
    },
    { ...pauseImage(architecture), reference: 'localhost/e2e/pause:3.10.1', output: join(directory, 'pause.tar') },
  ];
  for (const { output, ...image } of ours) {
    await buildImage(image, { output });
    made.push(output);
  }
  return made;
}

if (import.meta.main) {
  const [directory] = argv.slice(2);
  if (directory === undefined) {
    stderr.write('usage: node images.ts DIRECTORY\n');
    exit(2);
  }
  stdout.write(`${(await makeImages(directory)).join('\n')}\n`);
}
