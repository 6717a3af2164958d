/**
 * Makes the images that the suite's pods run from programs built here, under the names that `repositories.yaml` gives:
 *   node images.ts DIRECTORY        DIRECTORY has `agnhost`, `sample-apiserver` and `etcd`; archives are written beside them
 */
import { join } from 'node:path';
import { argv, exit, stderr, stdout } from 'node:process';
import { buildImage, busyboxImage, type ImageEntry, pauseImage } from '@berth/cluster/images';

interface Program {
  reference: string;
  file: string;
  /** Where the suite's manifests look for it. */
  at: string;
  cmd?: readonly string[];
}

/** Names and versions as in the module's own list of images. */
export const programs: readonly Program[] = [
  { reference: 'localhost/e2e/agnhost:2.59', file: 'agnhost', at: '/agnhost', cmd: ['pause'] },
  { reference: 'localhost/e2e/sample-apiserver:1.29.2', file: 'sample-apiserver', at: '/sample-apiserver' },
  { reference: 'localhost/e2e/etcd:3.6.6-0', file: 'etcd', at: '/usr/local/bin/etcd' },
];

export async function makeImages(directory: string): Promise<string[]> {
  const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const base = await busyboxImage(architecture);
  const made: string[] = [];
  for (const { reference, file, at, cmd } of programs) {
    const source = { source: join(directory, file) };
    const layer: ImageEntry[] = [{ type: 'file', path: at, content: source, mode: 0o755 }];
    const output = join(directory, `${file}.tar`);
    const config = { entrypoint: [at], ...(cmd === undefined ? {} : { cmd }) };
    await buildImage({ reference, architecture, layers: [...base.layers, layer], config }, { output });
    made.push(output);
  }
  const ours = [
    { ...base, reference: 'localhost/e2e/busybox:1.37.0-1', output: join(directory, 'busybox.tar') },
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
