import type { User } from '../../types.ts';
import { type Claims, claimOf } from './claims.ts';
import { claimsValue, type Expression, evaluated, userValue } from './expressions.ts';
import type { JwtAuthenticator } from './types.ts';
import type { Expressions } from './validate.ts';

const credential = 'authentication.kubernetes.io/credential-id';

/**
 * The user that claims stand for, once they are known to be the issuer's. Throws an `Error` with Kubernetes' words when they
 * make none, or a rule says no. Source: `AuthenticateToken` of `k8s.io/apiserver/plugin/pkg/authenticator/token/oidc`.
 */
export function userOf(claims: Claims, authenticator: JwtAuthenticator, expressions: Expressions): User {
  const { claimMappings, claimValidationRules } = authenticator;
  checkDistributed(claims, claimMappings.groups.claim);
  const value = claimsValue(claims);
  const name = nameOf(claims, value, claimMappings.username, expressions.username);
  const groups = groupsOf(claims, value, claimMappings.groups, expressions.groups);
  const uid = uidOf(claims, value, claimMappings.uid.claim, expressions.uid);
  const extra = extraOf(claims, value, expressions.extra);
  const user: User = {
    name,
    groups,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
  for (const { claim, requiredValue } of claimValidationRules)
    if (claim !== '') checkClaim(claims, claim, requiredValue);
  checkRules('claim validation expression', expressions.claimRules, value);
  checkRules('user info validation rule', expressions.userRules, userValue(user));
  if (name === '') throw new Error('oidc: the token names nobody');
  return user;
}

/** Whoever keeps groups elsewhere means that they count: without them the user would be another. */
function checkDistributed(claims: Claims, claim: string): void {
  const names = claimOf(claims, '_claim_names');
  if (claim === '' || claimOf(claims, claim) !== undefined || typeof names !== 'object' || names === null) return;
  if (Object.hasOwn(names, claim))
    throw new Error('oidc: could not expand distributed claims: claims that are kept elsewhere are not fetched');
}

const types = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value);

/** As Go reads a claim into a string: null leaves it empty. Throws when it is not there, or is none. */
function textOf(claims: Claims, name: string): string {
  const value = claimOf(claims, name);
  if (value === undefined) throw new Error('claim not present');
  if (value === null) return '';
  if (typeof value !== 'string') throw new Error(`json: cannot unmarshal ${types(value)} into Go value of type string`);
  return value;
}

function within<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}

function nameOf(
  claims: Claims,
  value: unknown,
  { claim, prefix = '' }: JwtAuthenticator['claimMappings']['username'],
  expression: Expression | undefined,
): string {
  if (!expression) {
    const name = within(`oidc: parse username claims ${JSON.stringify(claim)}`, () => textOf(claims, claim));
    if (claim === 'email') checkEmail(claims);
    return prefix + name;
  }
  const name = within('oidc: error evaluating username claim expression', () => {
    const found = evaluated(expression, value);
    if (typeof found !== 'string') throw new Error('username claim expression must return a string');
    return found;
  });
  if (name === '') throw new Error('oidc: empty username via CEL expression is not allowed');
  return name;
}

/** Source: OpenID Connect Core 1.0, section 5.1. */
function checkEmail(claims: Claims): void {
  const verified = claimOf(claims, 'email_verified');
  if (verified === undefined || verified === true) return;
  if (verified !== null && typeof verified !== 'boolean') {
    const why = `json: cannot unmarshal ${types(verified)} into Go value of type bool`;
    throw new Error(`oidc: parse 'email_verified' claim: ${why}`);
  }
  throw new Error('oidc: email not verified');
}

function groupsOf(
  claims: Claims,
  value: unknown,
  { claim, prefix = '' }: JwtAuthenticator['claimMappings']['groups'],
  expression: Expression | undefined,
): readonly string[] {
  const groups = claim === '' ? undefined : claimOf(claims, claim);
  if (groups !== undefined) return listIn(groups, claim).map((group) => prefix + group);
  if (!expression) return [];
  return within('oidc: error evaluating group claim expression', () => texts(evaluated(expression, value)));
}

/** A list of strings, or one. */
function listIn(value: unknown, claim: string): string[] {
  if (value === null) return [];
  if (typeof value === 'string') return [value];
  const isList = Array.isArray(value) && value.every((one) => one === null || typeof one === 'string');
  if (isList) return value.map((one: string | null) => one ?? '');
  const why = `json: cannot unmarshal ${types(value)} into Go value of type string`;
  throw new Error(`oidc: parse groups claim ${JSON.stringify(claim)}: ${why}`);
}

function uidOf(claims: Claims, value: unknown, claim: string, expression: Expression | undefined): string {
  if (claim !== '') return within(`oidc: parse uid claim ${JSON.stringify(claim)}`, () => textOf(claims, claim));
  if (!expression) return '';
  return within('oidc: error evaluating uid claim expression', () => {
    const found = evaluated(expression, value);
    if (typeof found !== 'string') throw new Error('uid claim expression must return a string');
    return found;
  });
}

function extraOf(claims: Claims, value: unknown, mappings: Expressions['extra']): Record<string, readonly string[]> {
  const extra: Record<string, readonly string[]> = {};
  const id = claimOf(claims, 'jti');
  if (typeof id === 'string' && id !== '') extra[credential] = [`JTI=${id}`];
  const found = mappings.map(({ key, expression }) => ({ key, expression, value: evaluated(expression, value) }));
  for (const { key, expression, value } of found) {
    const what = `oidc: error evaluating extra claim expression: ${expression.program.expression}`;
    const values = within(what, () => texts(value));
    if (values.length > 0) extra[key] = values;
  }
  return extra;
}

/** What an expression answers as strings; empty ones stand for nothing. */
function texts(value: unknown): string[] {
  const all = value === null ? [] : typeof value === 'string' ? [value] : value;
  if (!Array.isArray(all) || !all.every((one) => typeof one === 'string'))
    throw new Error('expression must return a string or a list of strings');
  return all.filter((one) => one !== '');
}

function checkClaim(claims: Claims, claim: string, required: string): void {
  if (claimOf(claims, claim) === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
  const value = within(`oidc: parse claim ${claim}`, () => textOf(claims, claim));
  if (value !== required) {
    throw new Error(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${required}`);
  }
}

function checkRules(what: string, rules: Expressions['claimRules'], about: unknown): void {
  within(`oidc: error evaluating ${what}`, () => {
    const results = rules.map(({ message, expression }) => ({
      message,
      expression,
      result: evaluated(expression, about),
    }));
    for (const { message, expression, result } of results) {
      if (typeof result !== 'boolean') throw new Error('validation expression must return a boolean');
      if (!result) throw new Error(`validation expression '${expression.program.expression}' failed: ${message}`);
    }
  });
}
