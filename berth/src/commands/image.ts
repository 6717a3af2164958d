import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { clientFromKubeconfig } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { resources } from '@berth/kube/objects';
import { callControl } from '../control.ts';
import { requireRunning } from '../instance.ts';
import { kubeconfigFile } from './kubeconfig.ts';

export async function load(file: string, options: { dataDir: string }): Promise<void> {
  const path = resolve(file);
  if (!existsSync(path)) throw new BerthError('NotFound', `${path} is not there`);
  const { controlSocket } = requireRunning(options.dataDir);
  await callControl(controlSocket, '/images', { file: path });
  globalThis.console.log(`Loaded ${path}.`);
}

interface NodeImage {
  node: string;
  name: string;
  sizeBytes: number;
}

export async function list(options: { dataDir: string; output: 'text' | 'json' }): Promise<void> {
  const client = await clientFromKubeconfig(kubeconfigFile(options.dataDir));
  const { items } = await client.list(resources.nodes);
  const images = items.flatMap((node): NodeImage[] =>
    (node.status?.images ?? []).flatMap(({ names = [], sizeBytes = 0 }) => {
      // Tags read better than digests; an image may have several of those, or only one of these.
      const tags = names.filter((name) => !name.includes('@'));
      const shown = tags.length > 0 ? tags : [names[0] ?? '<none>'];
      return shown.map((name) => ({ node: node.metadata.name, name, sizeBytes }));
    }),
  );
  if (options.output === 'json') return globalThis.console.log(JSON.stringify(images, null, 2));
  const width = Math.max(5, ...images.map(({ name }) => name.length));
  globalThis.console.log(`${'IMAGE'.padEnd(width)}  ${'SIZE'.padStart(9)}  NODE`);
  for (const { name, sizeBytes, node } of images) {
    globalThis.console.log(
      `${name.padEnd(width)}  ${`${(sizeBytes / 1024 ** 2).toFixed(1)} MiB`.padStart(9)}  ${node}`,
    );
  }
}
