import { BerthError } from '@berth/kube/errors';
import type { AuditNotes } from '../audit/notes.ts';
import { forbidden } from '../faults.ts';
import type { User } from '../types.ts';
import type { Attributes, Authorizer } from './authorizer.ts';

/** Throws `Forbidden` in Kubernetes' words unless the user may. What was decided, and why, goes into the request's record. */
export function demand(authorizer: Authorizer, user: User, attributes: Attributes, record?: AuditNotes): void {
  const decision = authorizer.authorize(user, attributes);
  record?.decided(decision);
  if (!decision.allowed) throw refusal(user, attributes, decision.reason);
}

function refusal(user: User, attributes: Attributes, reason: string): BerthError {
  const because = reason === '' ? '' : `: ${reason}`;
  if ('path' in attributes) {
    const message = `forbidden: User "${user.name}" cannot ${attributes.verb} path "${attributes.path}"${because}`;
    return new BerthError('Forbidden', message);
  }
  const { verb, group, namespace, subresource, name } = attributes;
  const resource = subresource === '' ? attributes.resource : `${attributes.resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}${because}`;
  return forbidden({ group, resource: attributes.resource }, name, why);
}
