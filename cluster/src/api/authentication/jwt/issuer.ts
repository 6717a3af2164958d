import { createHash } from 'node:crypto';
import { compactVerify, createRemoteJWKSet, customFetch, errors, type RemoteJWKSet } from 'jose';
import type { Logger } from 'pino';
import { Agent, fetch } from 'undici';
import type { Fetch, IssuerPace } from './options.ts';
import type { Issuer } from './types.ts';

/** Asymmetric ones alone: whoever can check a token must not be able to make one. Source: RFC 8725, sections 3.1 and 3.2. */
export const algorithms = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'];

export const usualPace: IssuerPace = { retryMs: 10_000, renewMs: 300_000 };

const answerMs = 30_000;
const answerBytes = 4 * 1024 * 1024;

/** An issuer's keys: found by discovery, fetched, and fetched anew, without anybody waiting. */
export class IssuerKeys {
  /** Why tokens cannot be judged yet. */
  fault: string | undefined = 'it has not answered yet';
  /** When keys were last fetched, in milliseconds since 1970, and their hash. */
  readonly fetched: { success?: number; failure?: number; hash?: string } = {};
  readonly #issuer: Issuer;
  readonly #fetch: Fetch;
  readonly #pace: IssuerPace;
  readonly #logger: Logger;
  readonly #close: () => Promise<void> | undefined;
  #keys: RemoteJWKSet | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    issuer: Issuer,
    { fetch, pace, logger }: { fetch?: Fetch | undefined; pace: IssuerPace; logger: Logger },
  ) {
    const agent = fetch ? undefined : agentFor(issuer.certificateAuthority);
    this.#issuer = issuer;
    this.#fetch = fetch ?? ((url, options) => fetchWith(agent, url, options));
    this.#close = () => agent?.close();
    this.#pace = pace;
    this.#logger = logger;
  }

  /** Resolves when the issuer has been asked once, with success or not. */
  async start(): Promise<void> {
    let next = this.#pace.renewMs;
    try {
      this.#keys ??= await this.#discover();
      await this.#keys.reload();
      this.fault = undefined;
    } catch (error) {
      const { message: why } = error as Error;
      // Keys that were good once still are, whatever keeps others from being fetched.
      if (!this.#keys?.jwks()) {
        this.fault = why;
        this.#keys = undefined;
      }
      next = this.#pace.retryMs;
      if (!this.#isOver)
        this.#logger.warn({ issuer: this.#issuer.url, why }, 'the keys of an issuer cannot be fetched');
    }
    if (this.#isOver) return;
    this.#timer = setTimeout(() => void this.start(), next).unref();
  }

  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#close();
  }

  /** Throws an `Error` unless one of the issuer's keys signed the token. */
  async verify(token: string): Promise<void> {
    const keys = this.#keys;
    if (!keys || this.fault !== undefined) throw new Error('oidc: authenticator not initialized');
    try {
      await verifyBy(keys, token);
    } catch (error) {
      // A key may have been replaced by another of the same name.
      if (!(error instanceof errors.JWSSignatureVerificationFailed) || keys.coolingDown) throw error;
      await keys.reload();
      await verifyBy(keys, token);
    }
  }

  async #discover(): Promise<RemoteJWKSet> {
    const { url, discoveryURL } = this.#issuer;
    const place = discoveryURL === '' ? `${url.replace(/\/$/, '')}/.well-known/openid-configuration` : discoveryURL;
    const response = await this.#fetch(place, { signal: AbortSignal.timeout(answerMs) });
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const { issuer, jwks_uri: uri } = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (issuer !== url) {
      const [wanted, got] = [JSON.stringify(url), JSON.stringify(issuer)];
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${wanted} got ${got}`);
    }
    if (typeof uri !== 'string' || !/^https:\/\//i.test(uri)) throw new Error('provider did not return JWKS URL');
    return createRemoteJWKSet(new URL(uri), {
      timeoutDuration: answerMs,
      cooldownDuration: this.#pace.retryMs,
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customFetch]: (address, { signal }) => this.#fetchKeys(address, signal),
    });
  }

  async #fetchKeys(address: string, signal: AbortSignal): Promise<Response> {
    try {
      const response = await this.#fetch(address, { signal });
      const text = await response.text();
      if (!response.ok) throw new Error(`oidc: get keys failed: ${response.status} ${response.statusText}`);
      JSON.parse(text);
      this.fetched.success = Date.now();
      this.fetched.hash = createHash('sha256').update(text).digest('hex');
      return new Response(text);
    } catch (error) {
      this.fetched.failure = Date.now();
      throw error;
    }
  }
}

async function verifyBy(keys: RemoteJWKSet, token: string): Promise<void> {
  try {
    await compactVerify(token, keys, { algorithms });
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    // A token that does not say which: any of them will do.
    for await (const key of error) {
      try {
        await compactVerify(token, key, { algorithms });
        return;
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function agentFor(certificateAuthority: string): Agent {
  const connect = certificateAuthority === '' ? {} : { ca: certificateAuthority };
  return new Agent({ connect, maxResponseSize: answerBytes });
}

async function fetchWith(dispatcher: Agent | undefined, url: string, { signal }: { signal?: AbortSignal }) {
  const response = await fetch(url, { ...(dispatcher ? { dispatcher } : {}), ...(signal ? { signal } : {}) });
  if (!response.url.startsWith('https:')) throw new Error(`it leads to ${response.url}, which is not https`);
  return response as unknown as Response;
}
