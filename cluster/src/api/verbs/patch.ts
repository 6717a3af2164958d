import { BerthError } from '@berth/kube/errors';
import type { Answer, Call } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { applyPatch } from '../schema/patching.ts';
import { complete } from '../schema/steps.ts';
import { apply } from './apply.ts';
import { bodyObject, isRecord } from './decode.ts';
import { rewrite } from './rewrite.ts';

/** Changes an object by a JSON, merge or strategic merge patch. */
export async function patch(machinery: Machinery, call: Call): Promise<Answer> {
  if (call.patchType === 'apply') return await apply(machinery, call);
  const { conversion } = call.kind;
  const writing = conversion ? { ...call, kind: conversion.storage } : call;
  const stored = await rewrite(machinery, writing, (current) => {
    const patched = applyPatch(call, conversion ? conversion.fromStorage(current) : current);
    if (!isRecord(patched)) throw new BerthError('BadRequest', 'the patch leaves no object');
    const object = bodyObject({ ...call, body: patched });
    // Taken over from what was patched, and no condition of the caller's: a patch that lost a race is made again.
    if (object.metadata.resourceVersion === current.metadata.resourceVersion) delete object.metadata.resourceVersion;
    return conversion ? conversion.toStorage(complete(call, object)) : object;
  });
  return { type: 'object', object: stored };
}
