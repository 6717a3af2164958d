import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { Answer, Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { applyPatch } from '../schema/patching.ts';
import { apply } from './apply.ts';
import { bodyObject, isRecord } from './decode.ts';
import { rewrite } from './rewrite.ts';

/** Changes an object by a JSON, merge or strategic merge patch. */
export async function patch(machinery: Machinery, call: Call): Promise<Answer> {
  if (call.patchType === 'apply') return await apply(machinery, call);
  const stored = await rewrite(machinery, call, (current) => {
    const patched = applyPatch(call, current);
    if (!isRecord(patched)) throw new BerthError('BadRequest', 'the patch leaves no object');
    return bodyObject({ ...call, body: patched }) as KubeObject;
  });
  return { type: 'object', object: stored };
}
