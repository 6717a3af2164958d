import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '@berth/kube/patch';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';

/** The object after the call's patch; `current` is not changed. */
export function applyPatch(call: Call, current: KubeObject): unknown {
  const { body, patchType } = call;
  if (patchType === 'json') return applyJsonPatch(current, body);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw badRequest('the patch must be an object');
  if (patchType === 'merge') return applyMergePatch(current, body);
  if (patchType === 'strategic') {
    const { definition, catalogue, mergesStrategically } = call.kind.schema;
    if (!definition || !mergesStrategically) {
      throw new BerthError('UnsupportedMediaType', 'strategic merge patch is not supported for custom resources');
    }
    return applyStrategicMergePatch(definition, catalogue, current, body);
  }
  throw new BerthError('UnsupportedMediaType', 'server-side apply is not supported: use client-side apply');
}
