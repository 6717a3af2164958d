import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type AddressPlan, planNode } from '../addresses/index.ts';
import { run } from '../services/nft.ts';
import { inside } from '../services/place.ts';
import { hostLink } from './host.ts';

/** The link of a node of its own namespace, seen from inside. */
export const nodeLink = 'eth0';
/** Where `ip netns` keeps the files by which namespaces are entered. */
const namespaces = '/run/netns';

/** Names the node's namespace, and its link on the host. */
const nameOf = (instance: string, index: number): string => `b${instance}-n${index + 1}`;

/** The file of a node's network namespace. */
export function namespaceOf(instance: string, index: number): string {
  return join(namespaces, nameOf(instance, index));
}

/**
 * Makes a network namespace for each of the nodes, wires it to the bridge that carries the host's address, and leads every node's pods to
 * it, from the host and from the others. May be repeated; links that somebody took down are up again.
 */
export async function setUpNodes(instance: string, plan: AddressPlan, indexes: readonly number[]): Promise<void> {
  const bridge = hostLink(instance);
  const nodes = indexes.map((index) => ({ name: nameOf(instance, index), ...planNode(plan.range, index) }));
  for (const { name } of nodes) {
    if (!(await exists(join(namespaces, name)))) await run('ip', ['netns', 'add', name]);
    if (!(await exists(`/sys/class/net/${name}`))) {
      await run('ip', ['link', 'add', name, 'type', 'veth', 'peer', 'name', nodeLink, 'netns', name]);
    }
  }
  const net = plan.hostAddress.replace(/\.1$/, '.0/24');
  const host = [
    // Without one of its own a bridge takes that of a port, and changes it as ports come and go.
    `link set dev ${bridge} address ${hardwareAddress(instance)}`,
    `route replace ${net} dev ${bridge} src ${plan.hostAddress}`,
    ...nodes.flatMap(({ name, podRange, address }) => [
      `link set dev ${name} addrgenmode none`,
      `link set dev ${name} master ${bridge} up`,
      // Where bridges ask the machine's rules (br_netfilter), a service address that leads back to the one who asks takes this way.
      `link set dev ${name} type bridge_slave hairpin on`,
      `route replace ${podRange} via ${address} dev ${bridge}`,
    ]),
  ];
  await run('ip', ['-batch', '-'], `${host.join('\n')}\n`);
  await Promise.all(
    nodes.map(async ({ name, address }) => {
      const lines = [
        'link set dev lo up',
        `link set dev ${nodeLink} addrgenmode none`,
        `addr replace ${address}/24 dev ${nodeLink}`,
        `link set dev ${nodeLink} up`,
        `route replace default via ${plan.hostAddress} dev ${nodeLink}`,
        ...nodes
          .filter((other) => other.name !== name)
          .map((other) => `route replace ${other.podRange} via ${other.address} dev ${nodeLink}`),
      ];
      await run('ip', ['-n', name, '-batch', '-'], `${lines.join('\n')}\n`);
      const { write } = inside(join(namespaces, name));
      await write('/proc/sys/net/ipv4/ip_forward', '1');
      // The host sends what it gets back over the same link, and would tell that there is a shorter way: past its rules.
      await write(`/proc/sys/net/ipv4/conf/${nodeLink}/accept_redirects`, '0');
    }),
  );
}

/** Takes the link of a node of its own namespace down, so that nobody reaches it and it reaches nobody, or up again. */
export async function setNodeLink(instance: string, index: number, state: 'up' | 'down'): Promise<void> {
  await run('ip', ['link', 'set', 'dev', nameOf(instance, index), state]);
}

/** Removes the namespaces with their links and rules. What ran in them must have ended. */
export async function tearDownNodes(instance: string): Promise<void> {
  const names = await readdir(namespaces).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(`b${instance}-n`))) {
    // The namespace itself goes a moment later than its name; its link must not outlive this call.
    await run('ip', ['link', 'delete', 'dev', name]).catch((error) => {
      if (!(error instanceof Error && error.message.includes('Cannot find device'))) throw error;
    });
    await run('ip', ['netns', 'delete', name]);
  }
}

/** Locally administered, unicast. */
const hardwareAddress = (instance: string): string => `02:be:${(instance.match(/../g) ?? []).join(':')}:01`;

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
