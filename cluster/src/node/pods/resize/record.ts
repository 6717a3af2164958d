import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '../../../write-whole.ts';
import type { Resources } from './amounts.ts';

/**
 * What a node has given a pod that was resized. Of a pod that never was, its containers say at their birth what they were given, and nothing
 * is kept.
 */
export interface ResizeRecord {
  /** By container name, what was admitted last. */
  allocated: Record<string, Resources>;
  /** By container id, what the runtime was told last. */
  given: Record<string, Resources>;
  /** Ids of containers that are ended so that others with other resources take their places. */
  replaced: string[];
}

/** The records of a node's pods, by uid, where an agent that is started anew finds them. */
export interface ResizeRecords {
  of(uid: string): ResizeRecord | undefined;
  keep(uid: string, record: ResizeRecord): Promise<void>;
  forget(uid: string): Promise<void>;
  /** Forgets all but those of these pods. */
  retain(uids: ReadonlySet<string>): Promise<void>;
}

const suffix = '.json';
/** Of a file that is still being written. */
const unfinished = '.new';

/** A file a pod. One that cannot be read is told to `damaged` and left out: what its containers were born with counts then. */
export async function openResizeRecords(directory: string, damaged: (error: unknown) => void): Promise<ResizeRecords> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const fileOf = (uid: string) => join(directory, `${uid}${suffix}`);
  const records = new Map<string, ResizeRecord>();
  /** Writes of one pod follow each other. */
  const writes = new Map<string, Promise<void>>();
  const inTurn = (uid: string, work: () => Promise<void>): Promise<void> => {
    const next = (writes.get(uid) ?? Promise.resolve()).catch(() => undefined).then(work);
    writes.set(uid, next);
    const done = () => void (writes.get(uid) === next && writes.delete(uid));
    next.then(done, done);
    return next;
  };
  for (const name of await readdir(directory)) {
    if (name.endsWith(unfinished)) await rm(join(directory, name), { force: true });
    if (!name.endsWith(suffix)) continue;
    const uid = name.slice(0, -suffix.length);
    try {
      records.set(uid, parsed(await readFile(fileOf(uid), 'utf8')));
    } catch (error) {
      damaged(error);
    }
  }
  const forget = (uid: string): Promise<void> => {
    if (!records.delete(uid)) return Promise.resolve();
    return inTurn(uid, () => rm(fileOf(uid), { force: true }));
  };
  return {
    of: (uid) => records.get(uid),
    keep(uid, record) {
      records.set(uid, record);
      const content = JSON.stringify(record);
      return inTurn(uid, async () => {
        if (!records.has(uid)) return;
        await writeWhole(fileOf(uid), content, 0o600);
      });
    },
    forget,
    async retain(uids) {
      for (const uid of [...records.keys()]) if (!uids.has(uid)) await forget(uid);
    },
  };
}

function parsed(text: string): ResizeRecord {
  const { allocated, given, replaced } = JSON.parse(text) as Partial<ResizeRecord>;
  const areObjects = [allocated, given].every((part) => typeof part === 'object' && part !== null);
  if (!areObjects || !Array.isArray(replaced)) throw new Error('not the record of a resize');
  return { allocated: allocated ?? {}, given: given ?? {}, replaced };
}
