import { isBerthError } from '@berth/kube/errors';
import type { Answer, Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { removeObject } from './delete.ts';
import { deleteOptions } from './delete-options.ts';
import { list } from './list.ts';

const atOnce = 32;

/** Deletes every object that the selectors take; answers the list of them as they were. */
export async function removeCollection(machinery: Machinery, call: Call): Promise<Answer> {
  const options = deleteOptions(call);
  const listed = await list(machinery, call);
  if (listed.type !== 'list') return listed;
  const waiting = [...listed.items];
  const worker = async () => {
    for (let stored = waiting.pop(); stored; stored = waiting.pop()) {
      const { name, namespace } = stored.object.metadata;
      try {
        await removeObject(machinery, { ...call, name, namespace: namespace ?? '' }, options);
      } catch (error) {
        // Somebody else was faster: it is gone, which is what was asked for.
        if (!isBerthError(error, 'NotFound')) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, worker));
  return listed;
}
