import { isBerthError } from '@berth/kube/errors';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { ServiceAccountTokens } from '../authentication/service-accounts.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { RbacAuthorizer } from '../authorization/rbac.ts';
import { binding, legacyBinding } from './binding.ts';
import { eviction } from './eviction.ts';
import { wholeObjectSubresources } from './parts.ts';
import { reviews } from './reviews.ts';
import { scale } from './scale.ts';
import { type Handler, Subresources } from './subresources.ts';
import { tokenRequests } from './token.ts';
import { wholeObject } from './whole-object.ts';

export interface SubresourceParts {
  authorizer: Authorizer;
  /** What of it can be told as rules. */
  rbac: RbacAuthorizer;
  authenticator: Authenticator;
  tokens: ServiceAccountTokens;
}

/** Every subresource that answers with an object, and every question. */
export function subresourcesOf({ authorizer, rbac, authenticator, tokens }: SubresourceParts): Subresources {
  const authenticate = async (token: string, audiences: readonly string[] = [tokens.issuer]) => {
    const named = await tokens.authenticate(token, audiences);
    if (named || !audiences.includes(tokens.issuer)) return named;
    // All other tokens name no audience: they are for this server.
    const user = await authenticator.byToken(token).catch((error: unknown) => {
      if (!isBerthError(error, 'Unauthorized')) throw error;
      return undefined;
    });
    return user && { user, audiences: [tokens.issuer] };
  };
  const handlers = new Map<string, Handler>([
    ...reviews({ authorizer, rbac, authenticate }),
    ['/pods/binding', binding],
    ['/bindings', legacyBinding],
    ['/pods/eviction', eviction],
    ['/serviceaccounts/token', tokenRequests(tokens)],
  ]);
  const whole = wholeObjectSubresources.map((name): [string, Handler] => [name, wholeObject]);
  return new Subresources(handlers, new Map([...whole, ['scale', scale]]));
}
