import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';

/**
 * The call's body as an object of its kind, with the namespace that the path has. Its fields are the body's own; the
 * object and its metadata are new. Throws `BadRequest`.
 */
export function bodyObject(call: Call): KubeObject {
  const { body } = call;
  if (!isRecord(body)) throw badRequest(`the body must be an object of kind ${call.kind.description.kind}`);
  const expected = apiVersionOf(call.kind.description);
  const { kind } = call.kind.description;
  if ((body.apiVersion ?? expected) !== expected || (body.kind ?? kind) !== kind) {
    const given = `${String(body.apiVersion)}, Kind=${String(body.kind)}`;
    throw badRequest(`${kind} in version "${expected}" cannot be handled as a ${kind}: the body is ${given}`);
  }
  if (body.metadata !== undefined && !isRecord(body.metadata)) throw badRequest('metadata must be an object');
  const metadata = { ...body.metadata } as unknown as KubeObject['metadata'];
  checkNamespace(call, metadata);
  return { ...body, apiVersion: expected, kind, metadata };
}

/** Gives the object the namespace of the request, or none. Throws `BadRequest` when it says another. */
export function checkNamespace(call: Call, metadata: KubeObject['metadata']): void {
  if (!call.kind.description.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== call.namespace) {
    throw badRequest(
      `the namespace of the provided object does not match the namespace sent on the request: ${metadata.namespace} is not ${call.namespace}`,
    );
  }
  metadata.namespace = call.namespace;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
