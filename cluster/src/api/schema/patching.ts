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
      const known = 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml';
      throw new BerthError(
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: ${known}`,
      );
    }
    return applyStrategicMergePatch(definition, catalogue, current, body);
  }
  throw new BerthError('UnsupportedMediaType', 'server-side apply is not supported: use client-side apply');
}
