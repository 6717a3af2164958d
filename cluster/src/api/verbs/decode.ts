import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import { unfitPatch } from '../schema/unfit-patch.ts';
import { otherKind } from './body-kind.ts';

/**
 * The call's body as an object of its kind, with the namespace that the path has. Its fields are the body's own; the
 * object and its metadata are new. Throws `BadRequest`.
 */
export function bodyObject(call: Call): KubeObject {
  // As Go reads it, null is an object of which nothing is said.
  const body = call.body === null ? {} : call.body;
  if (!isRecord(body)) throw badRequest(`the body must be an object of kind ${call.kind.description.kind}`);
  const expected = apiVersionOf(call.kind.description);
  const { kind } = call.kind.description;
  if ((body.apiVersion ?? expected) !== expected || (body.kind ?? kind) !== kind) {
    throw otherKind(call, { apiVersion: String(body.apiVersion ?? expected), kind: String(body.kind ?? kind) });
  }
  if (body.metadata !== undefined && body.metadata !== null && !isRecord(body.metadata)) {
    // Of what is sent as an object that is said as it is read: this was patched.
    const found = Array.isArray(body.metadata) ? 'array' : typeof body.metadata;
    const why = `json: cannot unmarshal ${found} into Go struct field ${kind}.metadata of type v1.ObjectMeta`;
    throw unfitPatch(call, body, why);
  }
  const metadata = { ...(body.metadata ?? {}) } as unknown as KubeObject['metadata'];
  checkNamespace(call, metadata);
  return { ...body, apiVersion: expected, kind, metadata };
}

/** Throws `BadRequest` unless the object has the name that its path has. */
export function checkName(call: Call, name: unknown): void {
  if (!name) {
    throw badRequest(`the name of the object (${call.name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== call.name) {
    throw badRequest(`the name of the object (${String(name)}) does not match the name on the URL (${call.name})`);
  }
}

/** Gives the object the namespace of the request, or none. Throws `BadRequest` when it says another. */
export function checkNamespace(call: Call, metadata: KubeObject['metadata']): void {
  if (!call.kind.description.namespaced) {
    delete metadata.namespace;
    return;
  }
  if (metadata.namespace && metadata.namespace !== call.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  metadata.namespace = call.namespace;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
