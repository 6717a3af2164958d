import type { JwtAuthenticator } from './types.ts';

/** The claims of a token, of whom it is not known yet who made them. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Unverified {
  claims: Claims;
  issuer: string;
}

const part = /^[\w-]+$/;

/** What a token in compact form says of itself; undefined for what is no such token. */
export function readToken(token: string): Unverified | undefined {
  const [, payload = '', ...rest] = token.split('.');
  if (rest.length !== 1 || !part.test(payload)) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown;
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
    const issuer = claimOf(claims as Claims, 'iss');
    if (typeof issuer !== 'string') return undefined;
    // As Google's tokens once had it. Source: OpenID Connect Core 1.0, section 15.6.2.
    return {
      claims: claims as Claims,
      issuer: issuer === 'accounts.google.com' ? 'https://accounts.google.com' : issuer,
    };
  } catch {
    return undefined;
  }
}

export function claimOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

const leeway = 60;
/** As far as a number tells seconds; nothing is good for so long. */
const latest = 2 ** 53;

/**
 * Throws an `Error` with Kubernetes' words unless the registered claims are of their types and fit: for one of the audiences, not expired, and
 * begun. Source: `Verify` of go-oidc; RFC 7519, section 4.1.
 */
export function checkRegistered(
  claims: Claims,
  { issuer: { audiences } }: Pick<JwtAuthenticator, 'issuer'>,
  now: Date,
): void {
  for (const name of ['sub', 'nonce', 'at_hash']) {
    const value = claimOf(claims, name) ?? '';
    if (typeof value !== 'string') throw unreadable(name);
  }
  checkSources(claims);
  const audience = audienceOf(claims);
  // When it was made is only to be a time.
  secondsOf(claims, 'iat');
  const [expires, begins] = [secondsOf(claims, 'exp'), secondsOf(claims, 'nbf')];
  if (!audience.some((one) => audiences.includes(one))) {
    const list = (all: readonly string[]) => `[${all.map((one) => JSON.stringify(one)).join(' ')}]`;
    const wanted = audiences.length > 1 ? `in ${list([...audiences].sort())}` : JSON.stringify(audiences[0]);
    throw new Error(`oidc: expected audience ${wanted} got ${list(audience)}`);
  }
  const seconds = now.getTime() / 1000;
  if (expires === undefined || expires < seconds || expires > latest)
    throw new Error(`oidc: token is expired (Token Expiry: ${goTime(expires)})`);
  if (begins !== undefined && begins > seconds + leeway)
    throw new Error(`oidc: current time ${goTime(seconds)} before the nbf (not before) time: ${goTime(begins)}`);
}

function unreadable(name: string): Error {
  return new Error(`oidc: failed to unmarshal claims: ${name} is not of its type`);
}

function audienceOf(claims: Claims): string[] {
  const value = claimOf(claims, 'aud') ?? (Object.hasOwn(claims, 'aud') ? '' : []);
  const all = [value].flat() as unknown[];
  if (!all.every((one) => typeof one === 'string')) throw unreadable('aud');
  return all;
}

/** Whole seconds since 1970; digits in a text count as well. */
function secondsOf(claims: Claims, name: string): number | undefined {
  const value = claimOf(claims, name);
  if (value === undefined || (value === null && name === 'nbf')) return undefined;
  const isNumber =
    typeof value === 'number' || (typeof value === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value));
  if (!isNumber) throw unreadable(name);
  return Math.trunc(Number(value));
}

/** Claims may be kept elsewhere, but not nowhere. Source: OpenID Connect Core 1.0, section 5.6.2. */
function checkSources(claims: Claims): void {
  const names = claimOf(claims, '_claim_names') ?? {};
  const sources = claimOf(claims, '_claim_sources') ?? {};
  if (typeof names !== 'object' || typeof sources !== 'object') throw unreadable('_claim_names');
  for (const source of Object.values(names)) {
    if (typeof source !== 'string') throw unreadable('_claim_names');
    if (source === '') throw new Error('oidc: failed to obtain source from claim name');
    if (!Object.hasOwn(sources, source)) throw new Error('oidc: source does not exist');
  }
}

function goTime(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  if (Number.isNaN(date.getTime())) return '0001-01-01 00:00:00 +0000 UTC';
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
