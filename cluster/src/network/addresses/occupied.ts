import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { formatIpv4, type Ipv4Range, parseIpv4, parseRange } from './ipv4.ts';

/** A range that somebody on this machine uses already. */
export interface Occupied {
  range: Ipv4Range;
  /** For a person: `route 10.3.0.0/24 on eth0`. */
  by: string;
  /** The link it belongs to, when it belongs to one. */
  link?: string;
}

/** Routes, link addresses and resolvers of this machine, without starting a process. Default routes are left out. */
export async function readOccupied(): Promise<Occupied[]> {
  const [routes, resolvers] = await Promise.all([
    readFile('/proc/net/route', 'utf8').catch(() => ''),
    readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
  ]);
  return [...parseRoutes(routes), ...linkAddresses(), ...parseResolvers(resolvers)];
}

/** `/proc/net/route`: little-endian hex words; columns: link, destination, gateway, flags, …, mask (the eighth). */
export function parseRoutes(text: string): Occupied[] {
  const found: Occupied[] = [];
  for (const line of text.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const [link, destination, mask] = [columns[0], columns[1], columns[7]];
    if (!link || !destination || !mask || mask === '00000000') continue;
    const prefix = swap(mask).toString(2).replaceAll('0', '').length;
    const range = parseRange(`${formatIpv4(swap(destination))}/${prefix}`);
    if (range) found.push({ range, link, by: `route ${formatIpv4(range.base)}/${prefix} on ${link}` });
  }
  return found;
}

function swap(word: string): number {
  return Buffer.from(word.padStart(8, '0'), 'hex').readUInt32LE(0);
}

function linkAddresses(): Occupied[] {
  return Object.entries(networkInterfaces()).flatMap(([link, addresses]) =>
    (addresses ?? []).flatMap((address) => {
      const range = address.family === 'IPv4' && address.cidr ? parseRange(address.cidr) : undefined;
      return range ? [{ range, link, by: `address ${address.address} of ${link}` }] : [];
    }),
  );
}

function parseResolvers(text: string): Occupied[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, address = '']) => {
    const base = parseIpv4(address);
    return base === undefined ? [] : [{ range: { base, prefix: 32 }, by: `resolver ${address}` }];
  });
}
