import type { ImageStatus } from '../runtime/types.ts';

/** When images go. Shares of the file system in percent, times in milliseconds. */
export interface ImageGarbageSettings {
  /** As full as this, and images are removed … */
  highThreshold: number;
  /** … until it is as full as this. */
  lowThreshold: number;
  /** An image that is younger stays: somebody has just pulled it to use it. */
  minimumAge: number;
}

/** What kubelet v1.35 has. */
export const usualImageGarbage: ImageGarbageSettings = { highThreshold: 85, lowThreshold: 80, minimumAge: 120_000 };

/** Times are milliseconds since the epoch; 0: never seen in use. */
export interface ImageRecord {
  id: string;
  size: number;
  pinned: boolean;
  firstSeen: number;
  lastUsed: number;
}

/** What is known of the images that are there, after another look at them. */
export function recordImages(
  before: readonly ImageRecord[],
  images: readonly ImageStatus[],
  { inUse, now }: { inUse: ReadonlySet<string>; now: number },
): ImageRecord[] {
  const known = new Map(before.map((record) => [record.id, record]));
  return images.map(({ id, size, pinned = false }) => {
    const { firstSeen = now, lastUsed = 0 } = known.get(id) ?? {};
    return { id, size, pinned, firstSeen, lastUsed: inUse.has(id) ? now : lastUsed };
  });
}

/** Those that may go, least recently used first. */
export function removableImages(
  records: readonly ImageRecord[],
  { inUse, now, minimumAge }: { inUse: ReadonlySet<string>; now: number; minimumAge: number },
): ImageRecord[] {
  return records
    .filter(({ id, pinned, firstSeen, lastUsed }) => {
      return !pinned && !inUse.has(id) && lastUsed < now && now - firstSeen >= minimumAge;
    })
    .toSorted((a, b) => a.lastUsed - b.lastUsed || a.firstSeen - b.firstSeen);
}

/** How full a file system is, in percent, and how many bytes must go; undefined below the high threshold. */
export function bytesToFree(
  { capacityBytes, availableBytes }: { capacityBytes: number; availableBytes: number },
  { highThreshold, lowThreshold }: Pick<ImageGarbageSettings, 'highThreshold' | 'lowThreshold'>,
): { usedPercent: number; bytes: number | undefined } {
  const available = Math.min(availableBytes, capacityBytes);
  const usedPercent = 100 - Math.floor((available * 100) / capacityBytes);
  if (usedPercent < highThreshold) return { usedPercent, bytes: undefined };
  return { usedPercent, bytes: Math.floor((capacityBytes * (100 - lowThreshold)) / 100) - available };
}

/** `252.0 GiB`. */
export function readableSize(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  if (bytes < 1024) return `${bytes} B`;
  const step = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  return `${(bytes / 1024 ** step).toFixed(1)} ${units[step - 1]}`;
}
