import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BerthError } from '@berth/kube/errors';
import { runningInstance } from '../instance.ts';

/** Where the kubeconfig of the cluster in this data directory is. `NotFound` when nothing was ever started there. */
export function kubeconfigFile(dataDir: string): string {
  const file = runningInstance(dataDir)?.kubeconfig ?? join(dataDir, 'kubeconfig');
  if (!existsSync(file)) {
    throw new BerthError(
      'NotFound',
      `there is no cluster in ${dataDir}: start one with "berth up", or name its directory with --data-dir`,
    );
  }
  return file;
}

export async function kubeconfig(options: { dataDir: string }): Promise<void> {
  await pipeline(createReadStream(kubeconfigFile(options.dataDir)), process.stdout, { end: false });
}
