import type { TLSSocket } from 'node:tls';
import { BerthError } from '@berth/kube/errors';
import type { User } from '../types.ts';
import { userOfCertificate, withAuthenticated } from './certificate.ts';

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** Answers the user of a bearer token, or undefined when the token is not one of its kind. */
export type TokenAuthenticator = (token: string) => User | undefined | Promise<User | undefined>;

/** Who is behind a request: a client certificate, a bearer token, or nobody in particular. */
export class Authenticator {
  readonly #tokens: readonly TokenAuthenticator[];
  readonly #byConnection = new WeakMap<TLSSocket, User | null>();

  constructor(tokens: readonly TokenAuthenticator[]) {
    this.#tokens = tokens;
  }

  /** Throws `Unauthorized` for credentials that are not good; no credentials at all are the anonymous user. */
  authenticate(socket: TLSSocket, authorization: string | undefined): User | Promise<User> {
    if (authorization !== undefined) {
      const token = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
      if (token !== undefined) return this.byToken(token);
    }
    const known = this.#byConnection.get(socket);
    if (known !== undefined) return known ?? anonymous;
    const user = userOfCertificate(socket);
    if (user === 'refused') throw unauthorized();
    this.#byConnection.set(socket, user ?? null);
    return user ?? anonymous;
  }

  async byToken(token: string): Promise<User> {
    for (const authenticate of this.#tokens) {
      const user = await authenticate(token);
      if (user) return { ...user, groups: withAuthenticated(user.groups) };
    }
    throw unauthorized();
  }
}

export function unauthorized(): BerthError {
  return new BerthError('Unauthorized', 'Unauthorized');
}
