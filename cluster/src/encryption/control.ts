import { writeFileSync } from 'node:fs';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import { secrets } from './encryption.ts';
import { type EncryptedStore, remainsFile } from './open.ts';
import { rewriteSnapshotsApart } from './snapshots.ts';
import { labelOf, ownKeysIn, plain, resourceOf, survey } from './survey.ts';

/** What is kept in which way, and nothing of what it says. */
export interface EncryptionStatus {
  /** The file that says how values are kept. */
  file: string;
  /** Whether that is Berth's own, or somebody's EncryptionConfiguration. */
  keys: 'own' | 'configured';
  resources: { resource: string; keys: { key: string; values: number; writes: boolean }[] }[];
  /** Keys of the store whose values cannot be read. */
  unreadable: string[];
  /** Key management services, and what is wrong with each. */
  services: { name: string; fault?: string }[];
}

export interface Rewritten {
  /** Values that were kept otherwise than they would be written now. */
  rewritten: number;
  /** Of those that cannot be read, and were left alone. */
  unreadable: number;
}

/** The API server's part. */
export interface EncryptedObjects {
  /** Writes anew what is kept otherwise than `Encryption` says now. */
  rewriteStale(): Promise<Rewritten>;
  /** Keys in the store of what cannot be read. */
  unreadable(): string[];
  /** Deletes one of them, and tells nobody what it was. */
  discard(key: string): Promise<void>;
}

export interface Rotated extends Rewritten {
  /** The name of the new key. */
  key: string;
  /** Former keys under which something is left that cannot be read. */
  kept: string[];
}

/** What the running program does about encryption for its owner. */
export interface EncryptionControl {
  status(): EncryptionStatus;
  /** Makes a new key of Berth's own, rewrites everything under it, snapshots too, and drops the former. `BadRequest` where somebody else's keys count. */
  rotate(): Promise<Rotated>;
  /** Rewrites what is plain or under an old key, as the configuration says now. */
  rewrite(): Promise<Rewritten>;
  /** Deletes an object that cannot be read, by its key in the store. `NotFound` when there is none, `Conflict` when it can be read. */
  discard(key: string): Promise<void>;
}

export interface EncryptionControlOptions extends EncryptedStore {
  directory: string;
  keyFile: string;
  /** The configuration that counts, if one does. */
  file?: string | undefined;
  now: () => Date;
  api: EncryptedObjects;
  /** The directory of snapshots, and who takes them. */
  snapshots: string;
  upkeep: { betweenSnapshots<T>(work: () => Promise<T>): Promise<T> };
  logger: Logger;
}

export function encryptionControl(options: EncryptionControlOptions): EncryptionControl {
  const { store, encryption, own, configured, directory, keyFile, file, api } = options;
  let running: Promise<unknown> | undefined;
  /** One at a time: a second one would count as the first's. */
  const alone = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running) throw new BerthError('Conflict', 'values are being rewritten already: wait for that to end');
    const result = work().finally(() => {
      running = undefined;
    });
    running = result;
    return await result;
  };

  /** Afterwards no value is kept in a former way, in the store's past either. */
  const rewriteAll = async (): Promise<Rewritten> => {
    const hadPlain = survey(store, encryption).some(({ label }) => label === plain);
    // Durable before anything is overwritten: what was plain stays in free pages of the file.
    if (hadPlain) writeFileSync(remainsFile(directory), '', { mode: 0o600, flush: true });
    const result = await api.rewriteStale();
    await store.compact(store.revision);
    return result;
  };

  const rewriteSnapshots = async (): Promise<void> => {
    const { snapshots, upkeep, logger } = options;
    const damaged = await upkeep.betweenSnapshots(() => rewriteSnapshotsApart({ snapshots, keyFile }));
    if (damaged.length > 0) logger.warn({ damaged }, 'snapshots are damaged');
  };

  return {
    status() {
      const kept = Map.groupBy(survey(store, encryption), ({ prefix }) => prefix);
      if (!kept.has(secrets) && encryption.of(secrets)) kept.set(secrets, []);
      const resources = [...kept].map(([prefix, groups]) => {
        const current = writtenAs(prefix);
        const keys = groups.map(({ label, entries }) => ({
          key: label,
          values: entries.length,
          writes: label === current,
        }));
        if (current && !keys.some(({ writes }) => writes)) keys.unshift({ key: current, values: 0, writes: true });
        return { resource: resourceOf(prefix), keys };
      });
      const services = (configured?.providers ?? []).map(({ name, fault }) => ({ name, ...(fault ? { fault } : {}) }));
      const keys = configured ? 'configured' : 'own';
      return { file: file ?? keyFile, keys, resources, unreadable: api.unreadable(), services };
    },
    rotate: () =>
      alone(async () => {
        if (configured || !own) {
          const how = `put a new key first in ${file}, then run "berth secrets rewrite"`;
          throw new BerthError('BadRequest', `the keys are not Berth's own: ${how}`);
        }
        await own.add(options.now());
        encryption.use(own.rules);
        const result = await rewriteAll();
        await rewriteSnapshots();
        await own.retire(ownKeysIn(survey(store, encryption)));
        encryption.use(own.rules);
        const [key = '', ...kept] = own.names;
        return { ...result, key, kept };
      }),
    rewrite: () => alone(rewriteAll),
    discard: (key) => api.discard(key),
  };

  /** Undefined when nothing can be written now. */
  function writtenAs(prefix: string): string | undefined {
    try {
      const transformer = encryption.of(prefix);
      return transformer ? labelOf(transformer.write(Buffer.of(0), prefix)) : plain;
    } catch {
      return undefined;
    }
  }
}
