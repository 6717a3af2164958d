import { isBerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { applied } from '../schema/ownership.ts';
import { createAbsent, isAbsent } from './create-absent.ts';
import { bodyObject, checkName, isRecord } from './decode.ts';
import { rewrite } from './rewrite.ts';

const attempts = 5;

/** Server-side apply: changes the object to what its manager wants, or makes it. Source: KEP-555. */
export async function apply(machinery: Machinery, call: Call): Promise<Answer> {
  checkType(call);
  const config = bodyObject(call);
  const { name, resourceVersion } = config.metadata;
  if (name) checkName(call, name);
  config.metadata.name = call.name;
  for (let tries = 1; ; tries++) {
    try {
      const revise = async (current: KubeObject) => {
        const object = await applied(machinery, call, current, structuredClone(config));
        // Taken over from what it was laid over, and no condition of the caller's: an apply that lost a race is made again.
        if (!resourceVersion && object.metadata.resourceVersion) {
          const { resourceVersion: _, ...metadata } = object.metadata;
          return { ...object, metadata };
        }
        return object;
      };
      return { type: 'object', object: await rewrite(machinery, call, revise, { ownership: 'given' }) };
    } catch (error) {
      if (!isAbsent(call, error)) throw error;
    }
    checkName(call, name);
    try {
      const object = await applied(machinery, call, undefined, structuredClone(config));
      const stored = await createAbsent(machinery, call, object, { ownership: 'given' });
      return { type: 'object', object: stored, created: true };
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists') || isDryRun(call) || tries === attempts) throw error;
    }
  }
}

/** Unlike other bodies, a configuration has to say what it is. */
function checkType({ body: given, kind: { description } }: Call): void {
  const body = given ?? {};
  if (!isRecord(body)) return;
  const expected = apiVersionOf(description);
  const apiVersion = typeof body.apiVersion === 'string' ? body.apiVersion : '';
  const kind = typeof body.kind === 'string' ? body.kind : '';
  if (apiVersion === expected && kind === description.kind) return;
  const type = apiVersion.includes('/') || apiVersion === '' ? apiVersion : `/${apiVersion}`;
  throw badRequest(`invalid object type: ${type === '' ? '/' : type}, Kind=${kind}`);
}
