import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { instanceOf, releaseInstanceRange, removeNetwork } from './network/index.ts';
import { removeNodes } from './nodes.ts';

export interface RemoveOptions {
  dataDir: string;
  logger: Logger;
}

/**
 * Stops the containers of an instance whose program has stopped, and takes every link, rule, mount and cgroup of it from
 * the machine. What is in the data directory stays. May be repeated; an instance that never ran has nothing to remove.
 */
export async function removeCluster({ dataDir, logger }: RemoveOptions): Promise<void> {
  if (!existsSync(dataDir)) return;
  const instance = await instanceOf(dataDir);
  // Where pods only pretended there is no network to remove, and perhaps no right to.
  if (!existsSync(join(dataDir, 'network', 'cni'))) return releaseInstanceRange({ dataDir });
  await removeNodes({ instance, dataDir, logger });
  // Containers give their addresses back to the network as they end, so it goes last.
  await removeNetwork({ dataDir });
}
