import { BerthError, isBerthError } from '@berth/kube/errors';
import type { Rewritten } from '../../encryption/index.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { StoredObject } from './stored-object.ts';

/** Objects that are kept anew at the same time. */
const atOnce = 256;

/**
 * Keeps everything anew that is kept otherwise than it would be now, in commits of its own, as Kubernetes' storage migration does:
 * each object gets a new version. When it resolves nothing is kept in a former way, whoever wrote meanwhile. Rejects with
 * `InternalError` when nothing can be encrypted now.
 */
export async function rewriteStale(storage: ObjectStorage): Promise<Rewritten> {
  let rewritten = 0;
  for (;;) {
    // What was decided before the rules changed is there now, and shows how it was written.
    await storage.commit([]);
    const stale: StoredObject[] = [];
    for (const object of storage.prefixes().flatMap((prefix) => storage.list(prefix))) {
      if (!object.fault && (await storage.isStale(object))) stale.push(object);
    }
    if (stale.length === 0) return { rewritten, unreadable: storage.unreadable.length };
    for (let from = 0; from < stale.length; from += atOnce) {
      const kept = await Promise.all(stale.slice(from, from + atOnce).map((object) => rewrite(storage, object)));
      rewritten += kept.filter(Boolean).length;
    }
  }
}

/** False when somebody else was faster, who then has written in the new way. */
async function rewrite(storage: ObjectStorage, object: StoredObject): Promise<boolean> {
  const { key, revision: expected } = object;
  try {
    await storage.commit([{ type: 'put', key, expected, value: (revision) => object.at(revision).bytes }]);
    return true;
  } catch (error) {
    if (isBerthError(error, 'Conflict')) return false;
    throw error;
  }
}

/**
 * Deletes an object that cannot be read. `NotFound` when there is none under that key, `Conflict` when it can be read: then the API deletes it.
 */
export async function discardUnreadable(storage: ObjectStorage, key: string): Promise<void> {
  const object = storage.get(key);
  if (!object) throw new BerthError('NotFound', `there is nothing under ${key}`);
  if (!object.fault) throw new BerthError('Conflict', `${key} can be read: delete it as any object`);
  await storage.commit([{ type: 'delete', key, expected: object.revision }]);
}
