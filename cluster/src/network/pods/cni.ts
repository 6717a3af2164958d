import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../write-whole.ts';
import { planNode } from '../addresses/index.ts';

/** Where Debian's `containernetworking-plugins` puts them. */
export const cniBinDir = '/usr/lib/cni';

export interface CniOptions {
  dataDir: string;
  instance: string;
  range: string;
  node: { name: string; index: number };
}

/**
 * The pods' network of one node: a pair of links for each pod and a route for each address, no bridge. All packets
 * between pods pass the host's routing, so service rules see them in both directions without `br_netfilter`.
 *
 * No `portmap`, and no masquerading by the plugin: both would leave chains of iptables behind. The instance's own
 * table does host ports and masquerading.
 */
export function cniConfiguration({ dataDir, instance, range, node }: CniOptions): Record<string, unknown> {
  const { podRange, gateway } = planNode(range, node.index);
  return {
    cniVersion: '0.4.0',
    name: `berth-${instance}-${node.index}`,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: join(dataDir, 'network', 'ipam'),
          ranges: [[{ subnet: podRange, gateway }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  };
}

/** Writes the node's configuration if it differs; answers the directory for the runtime's `conf_dir`. */
export async function writeCniConfiguration(options: CniOptions): Promise<string> {
  const directory = join(options.dataDir, 'network', 'cni', options.node.name);
  const file = join(directory, '10-berth.conflist');
  const text = `${JSON.stringify(cniConfiguration(options), null, 2)}\n`;
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return directory;
  await mkdir(directory, { recursive: true });
  // The runtime watches the directory and reads every .conf, .conflist and .json in it.
  await writeWhole(file, text, 0o644);
  return directory;
}
