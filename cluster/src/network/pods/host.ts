import { access, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { AddressPlan } from '../addresses/index.ts';
import { contains, parseIpv4, parseRange } from '../addresses/index.ts';
import { listForeignDrops, run } from '../services/nft.ts';

/** The link that carries the host's own address towards pods, and the route of the service addresses. */
export function hostLink(instance: string): string {
  return `b${instance}-host`;
}

/**
 * Makes the instance's link, its address and the route to service addresses, and lets the machine forward packets.
 * May be repeated. The link is a bridge without ports: like a dummy link, but every kernel with containers has it.
 */
export async function setUpHost(instance: string, plan: AddressPlan): Promise<void> {
  const link = hostLink(instance);
  const exists = await access(`/sys/class/net/${link}`).then(
    () => true,
    () => false,
  );
  const lines = [
    ...(exists ? [] : [`link add name ${link} type bridge mcast_snooping 0`]),
    `link set dev ${link} addrgenmode none`,
    `addr replace ${plan.hostAddress}/32 dev ${link}`,
    `link set dev ${link} up`,
    `route replace ${plan.serviceRange} dev ${link} src ${plan.hostAddress}`,
  ];
  await run('ip', ['-batch', '-'], `${lines.join('\n')}\n`);
  const forwarding = '/proc/sys/net/ipv4/ip_forward';
  if ((await readFile(forwarding, 'utf8')).trim() !== '1') await writeFile(forwarding, '1');
}

/** Removes the link above and those of pods that are left, recognised by the gateway address of the host's end. */
export async function tearDownHost(instance: string, plan: AddressPlan): Promise<void> {
  const own = hostLink(instance);
  const pods = parseRange(plan.podRange);
  const left = Object.entries(networkInterfaces()).flatMap(([link, addresses]) => {
    const ours = addresses?.some(({ address }) => {
      const value = parseIpv4(address);
      return pods && value !== undefined && contains(pods, value);
    });
    return ours && link.startsWith('veth') ? [link] : [];
  });
  for (const link of [own, ...left]) {
    // A pod's namespace that ends takes its link along, perhaps before we do.
    await run('ip', ['link', 'delete', 'dev', link]).catch((error) => {
      if (!(error instanceof Error && error.message.includes('Cannot find device'))) throw error;
    });
  }
}

/** What `berth doctor` tells about this machine's network. Nothing is changed. */
export interface NetworkDiagnosis {
  /** Programs that are missing. */
  missing: string[];
  /** Others' forward chains that drop by default: they cut pods off unless they let the pods' range pass. */
  foreignDrops: { family: string; table: string; chain: string }[];
}

export async function diagnoseNetwork(): Promise<NetworkDiagnosis> {
  const programs: [name: string, args: string[]][] = [
    ['ip', ['-V']],
    ['nft', ['-v']],
    ['conntrack', ['-V']],
  ];
  const results = await Promise.all(
    programs.map(([name, args]) =>
      run(name, args).then(
        () => [],
        () => [name],
      ),
    ),
  );
  const missing = results.flat();
  return { missing, foreignDrops: missing.includes('nft') ? [] : await listForeignDrops().catch(() => []) };
}
