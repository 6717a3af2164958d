import type { Answer, Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { bodyObject } from './decode.ts';
import { rewrite } from './rewrite.ts';

/** Replaces an object, its status, or another part that travels as the whole object. */
export async function update(machinery: Machinery, call: Call): Promise<Answer> {
  const object = bodyObject(call);
  const { name } = object.metadata;
  if (name && name !== call.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`);
  }
  const stored = await rewrite(machinery, call, () => object);
  return { type: 'object', object: stored };
}
