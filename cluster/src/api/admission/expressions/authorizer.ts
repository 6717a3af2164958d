import { type CelAuthorizationQuery, type CelAuthorize, celAuthorizer, celResourceCheck } from '@berth/kube/cel';
import type { Attributes, Authorizer } from '../../authorization/authorizer.ts';
import type { User } from '../../types.ts';
import type { AdmissionRequest } from '../admission.ts';
import { shownName, shownNamespace } from '../matching/matcher.ts';

/** The variables `authorizer` and `authorizer.requestResource`: what the requesting user, or another account, may do. */
export function authorizerVariables(request: AdmissionRequest, authorizer: Authorizer): Record<string, unknown> {
  const { call, subresource } = request;
  const authorize: CelAuthorize = (query) => {
    const { serviceAccount: account } = query;
    const user = account ? serviceAccountUser(account.namespace, account.name) : call.user;
    return authorizer.authorize(user, attributesOf(query));
  };
  const { group, resource } = call.kind.description;
  const about = { group, resource, subresource, namespace: shownNamespace(request), name: shownName(request) };
  return {
    authorizer: celAuthorizer(authorize),
    'authorizer.requestResource': celResourceCheck(authorize, about),
  };
}

function attributesOf({ verb, path = '', resource: about }: CelAuthorizationQuery): Attributes {
  if (!about) return { verb, path };
  const { group, resource, subresource, namespace, name } = about;
  return { verb, group, version: '*', resource, subresource, namespace, name };
}

function serviceAccountUser(namespace: string, name: string): User {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return { name: `system:serviceaccount:${namespace}:${name}`, groups };
}
