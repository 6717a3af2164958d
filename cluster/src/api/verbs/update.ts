import { isBerthError } from '@berth/kube/errors';
import { invalidError } from '@berth/kube/schema';
import { type Answer, type Call, isDryRun } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { createAbsent, isAbsent } from './create-absent.ts';
import { bodyObject, checkName } from './decode.ts';
import { isVersion, rewrite } from './rewrite.ts';
import { checkWriteOptions } from './write-options.ts';

const attempts = 5;

/** Replaces an object, its status, or another part that travels as the whole object. */
export async function update(machinery: Machinery, call: Call): Promise<Answer> {
  checkWriteOptions(call, 'UpdateOptions');
  const object = bodyObject(call);
  checkName(call, object.metadata.name);
  const replacement = () => {
    if (needsVersion(call) && !isVersion(object.metadata.resourceVersion)) throw withoutVersion(call);
    return object;
  };
  for (let tries = 1; ; tries++) {
    try {
      return { type: 'object', object: await rewrite(machinery, call, replacement) };
    } catch (error) {
      if (!call.kind.description.createdByUpdate || !isAbsent(call, error)) throw error;
    }
    try {
      return { type: 'object', object: await createAbsent(machinery, call, object), created: true };
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists') || isDryRun(call) || tries === attempts) throw error;
    }
  }
}

/** Whether an update must say what it replaces: Kubernetes asks that of custom objects and their definitions. */
function needsVersion({ kind: { isCustom, description } }: Call): boolean {
  return isCustom || (description.group === 'apiextensions.k8s.io' && description.kind === 'CustomResourceDefinition');
}

function withoutVersion({ kind: { description }, name }: Call) {
  const message = 'Invalid value: 0: must be specified for an update';
  return invalidError({ group: description.group, kind: description.resource }, name, [
    { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
  ]);
}
