import type { IncomingMessage } from 'node:http';
import { badRequest } from '../faults.ts';
import type { Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';

const accountPrefix = 'system:serviceaccount:';
const extraPrefix = 'impersonate-extra-';

/**
 * The user that a request acts as: itself, or the one that its `Impersonate-*` headers name, when it may impersonate
 * that user, its UID, each of its groups and each of its extra values. Throws `Forbidden`, or `BadRequest` when they name
 * no user. Source: the Kubernetes documentation, "User impersonation".
 */
export function impersonated(
  pipeline: Pipeline,
  user: User,
  { rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>,
): User {
  const headers = impersonationHeaders(rawHeaders);
  if (headers.size === 0) return user;
  const name = headers.get('impersonate-user')?.[0];
  const groups = headers.get('impersonate-group') ?? [];
  const uid = headers.get('impersonate-uid')?.[0];
  const extra = extraOf(headers);
  if (!name) {
    const more = [
      ['groups', groups.length > 0],
      ['UID', Boolean(uid)],
      ['extra', Object.keys(extra).length > 0],
    ];
    const named = more.filter(([, isNamed]) => isNamed).map(([what]) => what);
    if (named.length === 0) return user;
    throw badRequest(`requested ${named.join(', ')} without impersonating a user`);
  }
  const ask = (resource: string, what: string, { group = '', namespace = '', subresource = '' } = {}) =>
    pipeline.authorize(user, {
      ...{ verb: 'impersonate', group, version: 'v1', resource, subresource, namespace, name: what },
    });
  const [namespace = '', account = ''] = name.startsWith(accountPrefix)
    ? name.slice(accountPrefix.length).split(':')
    : [];
  if (account) ask('serviceaccounts', account, { namespace });
  else ask('users', name);
  for (const group of groups) ask('groups', group);
  const group = 'authentication.k8s.io';
  for (const [subresource, values] of Object.entries(extra)) {
    for (const value of values) ask('userextras', value, { group, subresource });
  }
  if (uid) ask('uids', uid, { group });
  const own = account ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] : [];
  return {
    name,
    groups: withKnown(name, groups.length > 0 ? groups : own),
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** Every user is in one of two groups: of those who are known, and of those who are not. */
function withKnown(name: string, groups: readonly string[]): string[] {
  const [known, unknown] = ['system:authenticated', 'system:unauthenticated'];
  if (groups.includes(unknown) || (name !== 'system:anonymous' && groups.includes(known))) return [...groups];
  return [...groups, name === 'system:anonymous' ? unknown : known];
}

/** By names in lower case, from names and values in turn: joined by commas, as elsewhere, values could not be told apart. */
function impersonationHeaders(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at]?.toLowerCase() ?? '';
    if (name.startsWith('impersonate-')) headers.set(name, [...(headers.get(name) ?? []), raw[at + 1] ?? '']);
  }
  return headers;
}

/** By keys in lower case, which may be percent-encoded. */
function extraOf(headers: ReadonlyMap<string, string[]>): Record<string, readonly string[]> {
  const found = [...headers].filter(([header]) => header.startsWith(extraPrefix));
  return Object.fromEntries(found.map(([header, values]) => [decoded(header.slice(extraPrefix.length)), values]));
}

/** As it is when it is not encoded well. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
