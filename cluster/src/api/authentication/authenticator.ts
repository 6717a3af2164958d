import type { TLSSocket } from 'node:tls';
import { BerthError } from '@berth/kube/errors';
import type { User } from '../types.ts';

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

/** The user of a client certificate that the authority signed: CN is the name, every O a group (RFC 4514 names). */
function userOfCertificate(socket: TLSSocket): User | undefined {
  if (typeof socket.getPeerCertificate !== 'function') return undefined;
  const { subject, fingerprint256 } = socket.getPeerCertificate();
  if (subject === undefined) return undefined;
  if (!socket.authorized) throw unauthorized();
  const { CN: name, O: organizations } = subject as unknown as { CN?: string; O?: string | string[] };
  if (!name) throw unauthorized();
  const groups = organizations === undefined ? [] : [organizations].flat();
  const id = `X509SHA256=${fingerprint256.replaceAll(':', '').toLowerCase()}`;
  const extra = { 'authentication.kubernetes.io/credential-id': [id] };
  return { name, groups: withAuthenticated(groups), extra };
}

export function withAuthenticated(groups: readonly string[]): string[] {
  return groups.includes('system:authenticated') ? [...groups] : [...groups, 'system:authenticated'];
}
