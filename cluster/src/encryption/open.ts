import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import { lockDirectory, openLmdbStore, type Store, snapshotsBeside } from '../store/index.ts';
import { Configured, type ConfiguredOptions } from './configured.ts';
import { Encryption } from './encryption.ts';
import { OwnKeys } from './own-keys.ts';
import { rewriteFile, rewriteSnapshots } from './rewrite.ts';
import { type Kept, ownKeysIn, ownLabelOf, plain, resourceOf, survey } from './survey.ts';
import { asBuffer } from './transformer.ts';

export interface EncryptedStoreOptions {
  /** The store's. */
  directory: string;
  /** Where Berth's own keys are: made when there are none and nothing says otherwise. */
  keyFile: string;
  /** Says how values are kept, instead of Berth's own keys. */
  configuration?: Omit<ConfiguredOptions, 'logger'> | undefined;
  /** Opens it although what is under keys that are not there cannot be read. */
  acceptLostKeys?: boolean | undefined;
  now: () => Date;
  logger: Logger;
}

export interface EncryptedStore {
  store: Store;
  encryption: Encryption;
  /** Absent where a configuration counts and Berth never made a key. */
  own?: OwnKeys;
  configured?: Configured;
}

/**
 * Opens a store, and what its values are encrypted with: by default Secrets, under a key of Berth's own. What is then still plain
 * in it and in its snapshots, or under an old key since a rotation was cut off, is encrypted first; being killed in the middle of
 * that does no harm. Throws `Conflict` that names the key when one is not there or another, and leaves everything as it is.
 */
export async function openEncryptedStore(options: EncryptedStoreOptions): Promise<EncryptedStore> {
  const { directory, configuration, logger } = options;
  if (existsSync(remainsFile(directory))) await removeRemains(directory);
  const configured = configuration && (await Configured.open({ ...configuration, logger }));
  const encryption = new Encryption();
  const store = await openLmdbStore({ directory }).catch((error) => {
    configured?.close();
    throw error;
  });
  try {
    const own = OwnKeys.read(options.keyFile);
    if (!configured) return await openOwn(options, store, encryption, own);
    const apply = () => encryption.use(configured.rules, own?.provider);
    apply();
    if (!options.acceptLostKeys)
      await checkReadable(survey(store, encryption), encryption, configured, configuration.file);
    configured.follow((what) => (what === 'rules' ? apply() : encryption.retry()));
    return { store, encryption, configured, ...(own ? { own } : {}) };
  } catch (error) {
    configured?.close();
    await store.close();
    throw error;
  }
}

async function openOwn(
  { directory, keyFile, acceptLostKeys, now, logger }: EncryptedStoreOptions,
  store: Store,
  encryption: Encryption,
  known: OwnKeys | undefined,
): Promise<EncryptedStore> {
  // Before there are rules, what is encrypted shows itself; and before a key is made that would hide that one is missing.
  if (!acceptLostKeys) checkNames(survey(store, encryption), known);
  const own = known ?? (await OwnKeys.make(keyFile, now()));
  encryption.use(own.rules);
  const isStale = survey(store, encryption).some(({ label }) => label === plain);
  if (own.names.length === 1 && !isStale) return { store, encryption, own };
  await store.close();
  let isDone = true;
  try {
    const rewritten = await rewriteFiles(directory, encryption, logger);
    logger.info({ values: rewritten }, 'Secrets were encrypted anew');
  } catch (error) {
    // No reason not to serve: all of it can be read, and the next start tries again.
    if (!isBerthError(error, 'InsufficientStorage')) throw error;
    logger.warn({ err: error }, 'there is no room to encrypt anew what is plain or under an old key');
    isDone = false;
  }
  const rewritten = await openLmdbStore({ directory });
  if (isDone) await own.retire(ownKeysIn(survey(rewritten, encryption)));
  encryption.use(own.rules);
  return { store: rewritten, encryption, own };

  function checkNames(found: Kept[], keys: OwnKeys | undefined): void {
    const there = new Set(keys?.names.map(ownLabelOf));
    const lost = found.find(({ label }) => !there.has(label));
    if (!lost) return;
    const remedy = lost.label.startsWith(ownLabelOf('berth-'))
      ? `which ${keyFile} does not hold: put it back from a backup`
      : "which is none of Berth's own: start with the --encryption-provider-config that has it";
    throw new BerthError('Conflict', `${amount(lost)} encrypted under the key ${lost.label}, ${remedy}; ${lastResort}`);
  }
}

/** A single value that cannot be read is no reason not to start; that none under a key can be read is. Services may be well later. */
async function checkReadable(
  found: readonly Kept[],
  encryption: Encryption,
  { providers }: Configured,
  file: string,
): Promise<void> {
  for (const kept of found) {
    const isOfService = providers.some(({ name }) => kept.label.startsWith(`kms:v2:${name}:`));
    const fault = kept.label === plain || isOfService ? undefined : await faultOf(kept, encryption);
    if (!fault) continue;
    const what = `${amount(kept)} encrypted under the key ${kept.label}: ${fault}`;
    const remedy = `let ${file} name that key, with the secret that it had, for reading`;
    throw new BerthError('Conflict', `${what}; ${remedy}; ${lastResort}`);
  }
}

/** Why no value of them can be read; undefined when one can. */
async function faultOf({ prefix, entries }: Kept, encryption: Encryption): Promise<string | undefined> {
  let fault = 'nothing says how they are to be read';
  for (const { key, value } of entries) {
    try {
      if (await encryption.of(prefix)?.read(asBuffer(value), key)) return undefined;
    } catch (error) {
      fault = (error as Error).message;
    }
  }
  return fault;
}

const lastResort = 'if it is lost for good, start with --accept-lost-keys, and do without what is under it';

function amount({ prefix, entries }: Kept): string {
  return entries.length === 1
    ? `1 value of ${resourceOf(prefix)} is`
    : `${entries.length} values of ${resourceOf(prefix)} are`;
}

/** Snapshots first and the store last: while anything is left, the store says so. */
async function rewriteFiles(directory: string, encryption: Encryption, logger: Logger): Promise<number> {
  const unlock = lockDirectory(directory);
  try {
    await rewriteSnapshots(snapshotsBeside(directory), encryption, logger);
    return await rewriteFile(directory, encryption);
  } finally {
    unlock();
  }
}

/** It is there while free pages of the store may still hold what was plain once: the next start writes the file anew. */
export function remainsFile(directory: string): string {
  return join(directory, 'plain-remains');
}

async function removeRemains(directory: string): Promise<void> {
  const unlock = lockDirectory(directory);
  try {
    await rewriteFile(directory, new Encryption());
    rmSync(remainsFile(directory));
  } finally {
    unlock();
  }
}
