import type { Logger } from 'pino';
import type { User } from '../../types.ts';
import { checkRegistered, readToken, type Unverified } from './claims.ts';
import { IssuerKeys } from './issuer.ts';
import type { Fetch, IssuerPace } from './options.ts';
import type { JwtAuthenticator } from './types.ts';
import { userOf } from './user.ts';
import type { Expressions } from './validate.ts';

export interface IssuersOptions {
  now: () => Date;
  logger: Logger;
  fetch?: Fetch | undefined;
  pace: IssuerPace;
}

interface One {
  authenticator: JwtAuthenticator;
  expressions: Expressions;
  keys: IssuerKeys;
}

const keptTokens = 4096;
/** How long a token that was good counts as such without being judged again. As kube-apiserver's cache of tokens. */
const keptMs = 10_000;

/** The issuers of one configuration: who they say somebody is. */
export class Issuers {
  readonly #options: IssuersOptions;
  readonly #byUrl: ReadonlyMap<string, One>;
  readonly #good = new Map<string, { user: User; until: number }>();

  constructor(jwt: readonly JwtAuthenticator[], expressions: readonly Expressions[], options: IssuersOptions) {
    this.#options = options;
    this.#byUrl = new Map(
      jwt.map((authenticator, index): [string, One] => [
        authenticator.issuer.url,
        {
          authenticator,
          expressions: expressions[index] as Expressions,
          keys: new IssuerKeys(authenticator.issuer, options),
        },
      ]),
    );
  }

  /** Resolves when every issuer has been asked once for its keys, with success or not. */
  async start(): Promise<void> {
    await Promise.all([...this.#byUrl.values()].map(({ keys }) => keys.start()));
  }

  /** Of which issuers no keys could be had yet, and why. */
  get faults(): string[] {
    return [...this.#byUrl].flatMap(([url, { keys }]) => (keys.fault === undefined ? [] : [`${url}: ${keys.fault}`]));
  }

  get keys(): ReadonlyMap<string, IssuerKeys> {
    return new Map([...this.#byUrl].map(([url, { keys }]) => [url, keys]));
  }

  /** Undefined for tokens of none of the issuers. Rejects with an `Error` that says in Kubernetes' words why one is not good. */
  async authenticate(token: string): Promise<User | undefined> {
    const now = this.#options.now();
    const known = this.#good.get(token);
    if (known && known.until > now.getTime()) return known.user;
    const unverified = readToken(token);
    const one = unverified && this.#byUrl.get(unverified.issuer);
    if (!one) return undefined;
    const user = await judged(token, unverified, one, now);
    if (this.#good.size >= keptTokens) this.#good.clear();
    this.#good.set(token, { user, until: Math.min(now.getTime() + keptMs, Number(unverified.claims.exp) * 1000) });
    return user;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byUrl.values()].map(({ keys }) => keys.close()));
  }
}

async function judged(
  token: string,
  { claims }: Unverified,
  { authenticator, expressions, keys }: One,
  now: Date,
): Promise<User> {
  if (keys.fault !== undefined) throw new Error('oidc: authenticator not initialized');
  try {
    // What can be told without keys first: nobody's keys are looked for on behalf of a token that is old.
    checkRegistered(claims, authenticator, now);
    await keys.verify(token);
  } catch (error) {
    throw new Error(`oidc: verify token: ${(error as Error).message}`, { cause: error });
  }
  return userOf(claims, authenticator, expressions);
}
