import type { IncomingHttpHeaders } from 'node:http';
import { badRequest } from '../faults.ts';
import type { Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';
import { withAuthenticated } from './authenticator.ts';

const accountPrefix = 'system:serviceaccount:';

/**
 * The user that a request acts as: itself, or the one that its `Impersonate-*` headers name, when it may impersonate
 * that user and each of the groups. Throws `Forbidden`. Source: the Kubernetes documentation, "User impersonation".
 */
export function impersonated(pipeline: Pipeline, user: User, headers: IncomingHttpHeaders): User {
  const name = single(headers['impersonate-user']);
  const groups = list(headers['impersonate-group']);
  if (name === undefined) {
    if (groups.length === 0) return user;
    throw badRequest('requested groups without impersonating a user');
  }
  const ask = (resource: string, what: string, namespace = '', group = '') =>
    pipeline.authorize(user, {
      verb: 'impersonate',
      group,
      version: 'v1',
      resource,
      subresource: '',
      namespace,
      name: what,
    });
  if (name.startsWith(accountPrefix)) {
    const [namespace = '', account = ''] = name.slice(accountPrefix.length).split(':');
    ask('serviceaccounts', account, namespace);
    if (groups.length > 0) for (const group of groups) ask('groups', group);
    const own = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
    return { name, groups: withAuthenticated(groups.length > 0 ? groups : own) };
  }
  ask('users', name);
  for (const group of groups) ask('groups', group);
  return { name, groups: withAuthenticated(groups) };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

/** Node joins repeated headers with commas; group names hold none. */
function list(header: string | string[] | undefined): string[] {
  return [header ?? []].flat().flatMap((value) => value.split(',').map((group) => group.trim()));
}
