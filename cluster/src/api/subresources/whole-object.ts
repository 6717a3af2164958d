import type { Answer, Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { get } from '../verbs/get.ts';
import { patch } from '../verbs/patch.ts';
import { update } from '../verbs/update.ts';

/** A part of an object that travels as the whole object: status, ephemeral containers, resize, approval. */
export async function wholeObject(machinery: Machinery, call: Call): Promise<Answer> {
  if (call.verb === 'get') return await get(machinery, call);
  if (call.verb === 'patch') return await patch(machinery, call);
  return await update(machinery, call);
}
