import type { Answer, Call } from '../call.ts';
import { invalid } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { bodyObject, checkName } from './decode.ts';
import { rewrite } from './rewrite.ts';
import { checkWriteOptions } from './write-options.ts';

/** Replaces an object, its status, or another part that travels as the whole object. */
export async function update(machinery: Machinery, call: Call): Promise<Answer> {
  checkWriteOptions(call, 'UpdateOptions');
  const object = bodyObject(call);
  checkName(call, object.metadata.name);
  const stored = await rewrite(machinery, call, () => {
    if (needsVersion(call) && !object.metadata.resourceVersion) throw withoutVersion(call);
    return object;
  });
  return { type: 'object', object: stored };
}

/** Whether an update must say what it replaces: Kubernetes asks that of custom objects and their definitions. */
function needsVersion({ kind: { isCustom, description } }: Call): boolean {
  return isCustom || (description.group === 'apiextensions.k8s.io' && description.kind === 'CustomResourceDefinition');
}

function withoutVersion({ kind: { description }, name }: Call) {
  const message = 'Invalid value: 0: must be specified for an update';
  return invalid({ group: description.group, kind: description.resource }, name, [
    { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
  ]);
}
