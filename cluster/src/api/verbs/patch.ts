import { BerthError } from '@berth/kube/errors';
import type { Answer, Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { applyPatch, checkPatchType } from '../schema/patching.ts';
import { apply } from './apply.ts';
import { bodyObject, checkName, isRecord } from './decode.ts';
import { rewrite } from './rewrite.ts';
import { checkWriteOptions } from './write-options.ts';

/** Changes an object by a JSON, merge or strategic merge patch. */
export async function patch(machinery: Machinery, call: Call): Promise<Answer> {
  checkPatchType(call);
  checkWriteOptions(call, 'PatchOptions');
  if (call.patchType === 'apply') return await apply(machinery, call);
  const stored = await rewrite(machinery, call, (current) => {
    const patched = applyPatch(call, current);
    if (!isRecord(patched)) throw new BerthError('BadRequest', 'the patch leaves no object');
    const object = bodyObject({ ...call, body: patched });
    checkName(call, object.metadata.name);
    // Taken over from what was patched, and no condition of the caller's: a patch that lost a race is made again.
    if (object.metadata.resourceVersion === current.metadata.resourceVersion) delete object.metadata.resourceVersion;
    return object;
  });
  return { type: 'object', object: stored };
}
