import { isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { badRequest, conflict } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { applied } from '../schema/ownership.ts';
import { createObject } from './create.ts';
import { bodyObject } from './decode.ts';
import { rewrite } from './rewrite.ts';

const attempts = 5;

/** Server-side apply: changes the object to what its manager wants, or makes it. Source: KEP-555. */
export async function apply(machinery: Machinery, call: Call): Promise<Answer> {
  const config = bodyObject(call);
  const { name, resourceVersion, uid } = config.metadata;
  if (name && name !== call.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${call.name})`);
  }
  config.metadata.name = call.name;
  for (let tries = 1; ; tries++) {
    try {
      const revise = (current: KubeObject) => {
        const object = applied(machinery, call, current, structuredClone(config));
        // Taken over from what it was laid over, and no condition of the caller's: an apply that lost a race is made again.
        if (!resourceVersion && object.metadata.resourceVersion) {
          const { resourceVersion: _, ...metadata } = object.metadata;
          return { ...object, metadata };
        }
        return object;
      };
      return { type: 'object', object: await rewrite(machinery, call, revise, { ownership: 'given' }) };
    } catch (error) {
      if (!isBerthError(error, 'NotFound') || call.subresource || (error.details?.kind ?? '') === 'namespaces')
        throw error;
      if (resourceVersion || uid) throw conflict(call.kind.description, call.name, 'the object does not exist');
    }
    try {
      const object = applied(machinery, call, undefined, structuredClone(config));
      const creation: Call = { ...call, verb: 'create', name: '' };
      const stored = await createObject(machinery, creation, object, { ownership: 'given' });
      return { type: 'object', object: stored, created: true };
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists') || isDryRun(call) || tries === attempts) throw error;
    }
  }
}
