import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from '@berth/kube/patch';
import type { Call, PatchType } from '../call.ts';

const patchTypes: readonly (readonly [PatchType, string])[] = [
  ['json', 'application/json-patch+json'],
  ['merge', 'application/merge-patch+json'],
  ['strategic', 'application/strategic-merge-patch+json'],
  ['apply', 'application/apply-patch+yaml'],
];

/** Throws `UnsupportedMediaType` for a way of patching that the kind does not know. */
export function checkPatchType({ kind, patchType }: Call): void {
  const known = patchTypes.filter(([type]) => type !== 'strategic' || kind.schema.mergesStrategically);
  if (known.some(([type]) => type === patchType)) return;
  const types = known.map(([, mediaType]) => mediaType).join(', ');
  throw new BerthError(
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}

/** The object after the call's patch; `current` is not changed. */
export function applyPatch(call: Call, current: KubeObject): unknown {
  const { body, patchType } = call;
  if (patchType === 'json') return applyJsonPatch(current, body);
  const { definition, catalogue } = call.kind.schema;
  if (patchType !== 'strategic' || definition === undefined) return applyMergePatch(current, body);
  return applyStrategicMergePatch(definition, catalogue, current, body);
}
