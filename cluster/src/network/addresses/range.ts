import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { writeWhole } from '../../write-whole.ts';
import { claim, release } from './claims.ts';
import { instanceOf } from './instance.ts';
import { formatRange, type Ipv4Range, overlaps, parseRange } from './ipv4.ts';
import { type Occupied, readOccupied } from './occupied.ts';

export interface RangeOptions {
  dataDir: string;
  /** Where instances of this machine claim their ranges; cleared at boot as links are. */
  claimsDir?: string;
  /** What others use; read from the machine when absent. */
  occupied?: () => Promise<Occupied[]>;
}

const defaultClaims = '/run/berth/ranges';

/**
 * The instance's own 10.N.0.0/16: the one of last time, else a free one, claimed so that two instances that start at
 * once never take the same. Routes that are wider than a /16 (a VPN's 10.0.0.0/8) are avoided if possible and
 * overruled if not: ours are more specific. Throws `Conflict` when the range of last time now belongs to another, or
 * none is free.
 */
export async function chooseInstanceRange(options: RangeOptions): Promise<string> {
  await mkdir(options.dataDir, { recursive: true });
  const owner = await realpath(options.dataDir);
  const instance = await instanceOf(owner);
  const file = rangeFile(owner);
  const claims = options.claimsDir ?? defaultClaims;
  const occupied = (await (options.occupied ?? readOccupied)()).filter((use) => !isOwnLink(use, instance));

  const kept = parseRange((await readFile(file, 'utf8').catch(() => '')).trim());
  if (kept?.prefix === 16) {
    // Our own pods' links have names that the plugin chose: what lies wholly inside the range and is a /24 or
    // narrower on a veth is ours.
    const others = occupied.filter((use) => !(use.link?.startsWith('veth') && use.range.prefix >= 24));
    const clash = others.find((use) => use.range.prefix >= 16 && overlaps(use.range, kept));
    if (clash) {
      throw new BerthError(
        'Conflict',
        `the address range ${formatRange(kept)} of ${owner} is now used by ${clash.by}; free it or start with another data directory`,
      );
    }
    if (!(await claimRange(claims, kept, owner))) {
      throw new BerthError(
        'Conflict',
        `the address range ${formatRange(kept)} of ${owner} was taken by another instance`,
      );
    }
    return formatRange(kept);
  }

  for (const range of candidates(instance, occupied)) {
    if (!(await claimRange(claims, range, owner))) continue;
    await mkdir(join(owner, 'network'), { recursive: true });
    await writeWhole(file, `${formatRange(range)}\n`, 0o644);
    return formatRange(range);
  }
  throw new BerthError('Conflict', 'no range 10.N.0.0/16 is free on this machine; remove a route or stop an instance');
}

/** Gives the claim back; the data directory keeps its range for the next start. */
export async function releaseInstanceRange(options: Pick<RangeOptions, 'dataDir' | 'claimsDir'>): Promise<void> {
  const owner = await realpath(options.dataDir).catch(() => options.dataDir);
  const kept = parseRange((await readFile(rangeFile(owner), 'utf8').catch(() => '')).trim());
  if (!kept) return;
  await release({ directory: options.claimsDir ?? defaultClaims, name: nameOf(kept), owner });
}

function rangeFile(owner: string): string {
  return join(owner, 'network', 'range');
}

/** Ranges nobody uses first, then those under wider routes; the start depends on the instance, so that few meet. */
function candidates(instance: string, occupied: readonly Occupied[]): Ipv4Range[] {
  const start = Number.parseInt(instance, 16) % 240;
  const free: Ipv4Range[] = [];
  const covered: Ipv4Range[] = [];
  for (let step = 0; step < 240; step += 1) {
    const range = { base: (10 * 256 + 10 + ((start + step) % 240)) * 65_536, prefix: 16 };
    const uses = occupied.filter((use) => overlaps(use.range, range));
    if (uses.length === 0) free.push(range);
    else if (uses.every((use) => use.range.prefix < 16 && use.by.startsWith('route'))) covered.push(range);
  }
  return [...free, ...covered];
}

function isOwnLink(use: Occupied, instance: string): boolean {
  return use.link?.startsWith(`b${instance}-`) ?? false;
}

function claimRange(directory: string, range: Ipv4Range, owner: string): Promise<boolean> {
  return claim({ directory, name: nameOf(range), owner, stillHolds: (holder) => stillHolds(holder, range) });
}

/** A claim whose directory exists is honoured even before the directory has its range file: that follows the claim. */
async function stillHolds(holder: string, range: Ipv4Range): Promise<boolean> {
  const kept = (await readFile(rangeFile(holder), 'utf8').catch(() => '')).trim();
  return kept === '' || kept === formatRange(range);
}

/** `10.42.0.0`. */
function nameOf(range: Ipv4Range): string {
  return formatRange(range).replace(/\/.*$/, '');
}
