import { BerthError, type BerthErrorCode, type ErrorDetails } from '@berth/kube/errors';
import type { ResourceRef } from '@berth/kube/objects';
import type { Revision } from '../store/index.ts';

/** Errors in Kubernetes' wording, which people and programs match on. Source: `k8s.io/apimachinery/pkg/api/errors`. */

/** `deployments.apps`, or `pods` for the core group. */
export function qualified(ref: Pick<ResourceRef, 'group' | 'resource'>): string {
  return ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;
}

function detailsOf(ref: Pick<ResourceRef, 'group' | 'resource'>, name: string) {
  return ref.group === '' ? { name, kind: ref.resource } : { name, group: ref.group, kind: ref.resource };
}

export function notFound(ref: Pick<ResourceRef, 'group' | 'resource'>, name: string): BerthError {
  return new BerthError('NotFound', `${qualified(ref)} "${name}" not found`, { details: detailsOf(ref, name) });
}

export function alreadyExists(ref: Pick<ResourceRef, 'group' | 'resource'>, name: string): BerthError {
  return new BerthError('AlreadyExists', `${qualified(ref)} "${name}" already exists`, {
    details: detailsOf(ref, name),
  });
}

export function conflict(
  ref: Pick<ResourceRef, 'group' | 'resource'>,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): BerthError {
  return new BerthError('Conflict', `Operation cannot be fulfilled on ${qualified(ref)} "${name}": ${why}`, {
    details: detailsOf(ref, name),
  });
}

export function forbidden(ref: Pick<ResourceRef, 'group' | 'resource'>, name: string, why: string): BerthError {
  const what = name === '' ? qualified(ref) : `${qualified(ref)} "${name}"`;
  return new BerthError('Forbidden', `${what} is forbidden: ${why}`, { details: detailsOf(ref, name) });
}

export function badRequest(message: string): BerthError {
  return new BerthError('BadRequest', message);
}

export function expired(from: Revision, oldest: Revision): BerthError {
  return new BerthError('Expired', `too old resource version: ${from} (${oldest})`);
}

/** The bare 404 of a path that means nothing within a group that is built in. */
export function unknownPath(): BerthError {
  return new BerthError('NotFound', 'the server could not find the requested resource', { details: {} });
}

/** One that over HTTP is a line of text, no status. */
export class PlainError extends BerthError {
  readonly text: string;

  constructor(code: BerthErrorCode, message: string, text: string, details?: ErrorDetails) {
    super(code, message, details ? { details } : {});
    this.text = text;
  }
}

/** That of a path where nobody is. */
export class PageNotFound extends PlainError {
  constructor() {
    super('NotFound', 'the server could not find the requested resource', '404 page not found');
  }
}

export function methodNotAllowed(): BerthError {
  return new BerthError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

/** What kube-apiserver says when it has worked on a request for too long. */
export function timedOut(): BerthError {
  const why = 'request did not complete within requested timeout - context deadline exceeded';
  return new BerthError('Timeout', `Timeout: ${why}`);
}
