import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '../../write-whole.ts';
import type { ImageStatus } from '../runtime/types.ts';
import { readKept } from './kept.ts';
import type { PullCredential } from './keyring.ts';
import { isRestricted, mustProve, withAccess } from './records.ts';

/** Remembers by whose leave images came to the node, over restarts. */
export interface Pulls {
  /** Whether the pod has to ask the registry for an image that is there. `id`: the image's; `credentials` are asked for only if it matters. */
  mustProve(image: string, id: string, credentials: () => Promise<readonly PullCredential[]>): Promise<boolean>;
  /** Before the runtime is asked for an image, so that nobody takes it for one that was always there. */
  begin(image: string): Promise<void>;
  /** It came; without a credential the registry gives it to everyone. */
  pulled(image: string, id: string, credential: PullCredential | undefined): Promise<void>;
  failed(image: string): Promise<void>;
  /** Forgets images other than these, as far as they were known before `since` (milliseconds since the epoch). */
  keepOnly(ids: readonly string[], since: number): Promise<void>;
}

/**
 * `file` holds what is remembered, and `images` are looked through for pulls that were cut off. Throws a `BerthError` that names the file when it
 * is damaged: without it, images that came by a secret would be everyone's.
 */
export async function openPulls(options: {
  file: string;
  images(): Promise<readonly ImageStatus[]>;
  now(): number;
}): Promise<Pulls> {
  const { file, now } = options;
  await mkdir(dirname(file), { recursive: true });
  const kept = await readKept(file);
  /** How many pulls of an image are under way. */
  const under = new Map<string, number>();
  let tail: Promise<void> = Promise.resolve();

  // Of a pull that was cut off nobody knows whether it came, nor by whose leave.
  if (kept.pulling.length > 0) {
    for (const { id, tags, digests } of await options.images()) {
      const came = [...tags, ...digests].some((name) => kept.pulling.includes(name));
      if (came) kept.pulled[id] ??= { changedAt: now(), access: {} };
    }
    kept.pulling = [];
    await save();
  }

  function save(): Promise<void> {
    tail = tail.catch(() => undefined).then(() => writeWhole(file, JSON.stringify(kept), 0o600));
    return tail;
  }

  async function end(image: string): Promise<void> {
    const left = (under.get(image) ?? 1) - 1;
    if (left > 0) under.set(image, left);
    else {
      under.delete(image);
      kept.pulling = kept.pulling.filter((one) => one !== image);
    }
    await save();
  }

  return {
    async mustProve(image, id, credentials) {
      const record = kept.pulled[id];
      const held = isRestricted(record, image) ? await credentials() : [];
      const isPulling = kept.pulling.includes(image);
      const { must, noted } = mustProve(image, { record, isPulling, credentials: held });
      if (noted) {
        kept.pulled[id] = withAccess(record, image, { credential: noted, now: now() });
        await save();
      }
      return must;
    },
    async begin(image) {
      under.set(image, (under.get(image) ?? 0) + 1);
      if (kept.pulling.includes(image)) return;
      kept.pulling.push(image);
      await save();
    },
    async pulled(image, id, credential) {
      kept.pulled[id] = withAccess(kept.pulled[id], image, { credential, now: now() });
      await end(image);
    },
    failed: end,
    async keepOnly(ids, since) {
      const gone = Object.entries(kept.pulled).filter(([id, { changedAt }]) => !ids.includes(id) && changedAt < since);
      if (gone.length === 0) return;
      for (const [id] of gone) delete kept.pulled[id];
      await save();
    },
  };
}
