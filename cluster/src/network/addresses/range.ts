import { link, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
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
    if (!(await claim(claims, kept, owner))) {
      throw new BerthError(
        'Conflict',
        `the address range ${formatRange(kept)} of ${owner} was taken by another instance`,
      );
    }
    return formatRange(kept);
  }

  for (const range of candidates(instance, occupied)) {
    if (!(await claim(claims, range, owner))) continue;
    await mkdir(join(owner, 'network'), { recursive: true });
    await writeFile(`${file}.new`, `${formatRange(range)}\n`, { flush: true });
    await rename(`${file}.new`, file);
    return formatRange(range);
  }
  throw new BerthError('Conflict', 'no range 10.N.0.0/16 is free on this machine; remove a route or stop an instance');
}

/** Gives the claim back; the data directory keeps its range for the next start. */
export async function releaseInstanceRange(options: Pick<RangeOptions, 'dataDir' | 'claimsDir'>): Promise<void> {
  const owner = await realpath(options.dataDir).catch(() => options.dataDir);
  const kept = parseRange((await readFile(rangeFile(owner), 'utf8').catch(() => '')).trim());
  if (!kept) return;
  const path = claimPath(options.claimsDir ?? defaultClaims, kept);
  if ((await readFile(path, 'utf8').catch(() => '')) === owner) await rm(path, { force: true });
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

/** Whether the range is ours now. The claim's file appears with its content in one step (hard link), or not at all. */
async function claim(claims: string, range: Ipv4Range, owner: string): Promise<boolean> {
  const path = claimPath(claims, range);
  try {
    await mkdir(claims, { recursive: true });
  } catch (error) {
    // Without root there are no links and rules that could collide.
    if (isCode(error, 'EACCES', 'EPERM', 'EROFS')) return true;
    throw error;
  }
  const draft = `${path}.${process.pid}.${process.hrtime.bigint()}`;
  try {
    await writeFile(draft, owner);
    for (;;) {
      try {
        await link(draft, path);
        return true;
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      const holder = await readFile(path, 'utf8').catch(() => undefined);
      if (holder === undefined) continue;
      if (holder === owner) return true;
      if (await stillHolds(holder, range)) return false;
      await removeStale(path, holder, `${draft}.stale`);
    }
  } catch (error) {
    if (isCode(error, 'EACCES', 'EPERM', 'EROFS')) return true;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Takes away the claim of a directory that is gone; a fresh claim that another made meanwhile is put back. */
async function removeStale(path: string, holder: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== holder) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** A claim whose directory exists is honoured even before the directory has its range file: that follows the claim. */
async function stillHolds(holder: string, range: Ipv4Range): Promise<boolean> {
  const exists = await realpath(holder).catch(() => undefined);
  if (exists === undefined) return false;
  const kept = await readFile(rangeFile(holder), 'utf8').catch(() => '');
  return kept.trim() === '' || kept.trim() === formatRange(range);
}

function claimPath(claims: string, range: Ipv4Range): string {
  return join(claims, `${formatRange(range).split('/')[0]}`);
}

function isCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
