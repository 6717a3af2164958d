import type { TLSSocket } from 'node:tls';
import { BerthError } from '@berth/kube/errors';
import type { User } from '../types.ts';
import { userOfCertificate, withAuthenticated } from './certificate.ts';
import type { AnonymousAuthentication } from './jwt/index.ts';

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** What is answered whoever asks, unless something else is configured. */
const publicPaths = /^\/(?:healthz|readyz|livez)(?:\/|$)|^\/version\/?$/;

/** Answers the user of a bearer token, or undefined when the token is not one of its kind. */
export type TokenAuthenticator = (token: string) => User | undefined | Promise<User | undefined>;

/** Who is behind a request: a client certificate, a bearer token, or nobody in particular. */
export class Authenticator {
  /** Whether a path is answered whoever asks. */
  readonly openAt: (path: string) => boolean;
  /** Whether nobody in particular may ask something of a path; what he is then told is a matter of roles. */
  readonly anonymousAt: (path: string) => boolean;
  readonly #tokens: readonly TokenAuthenticator[];
  readonly #byConnection = new WeakMap<TLSSocket, User | null>();

  constructor(tokens: readonly TokenAuthenticator[], configured?: AnonymousAuthentication) {
    this.#tokens = tokens;
    const paths = new Set(configured?.conditions.map(({ path }) => path));
    this.openAt = (path) => !configured && publicPaths.test(path);
    this.anonymousAt = (path) => configured?.enabled === true && (paths.size === 0 || paths.has(path));
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
