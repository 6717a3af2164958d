import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { usualPace } from './issuer.ts';
import { Issuers } from './issuers.ts';
import { loadAuthentication } from './load.ts';

/** Made by Kubernetes' own code: see golden/README.md. */
interface Golden {
  configurations: { text: string; error: string }[];
  /** Configurations of one issuer, which the outcomes are about. */
  opened: string[];
  tokens: string[];
  outcomes: Outcome[];
  /** The issuer's keys. */
  jwks: object;
}

interface Outcome {
  configuration: number;
  token: number;
  foreign?: boolean;
  error?: string;
  name?: string;
  uid?: string;
  groups?: string[] | null;
  extra?: Record<string, string[]>;
}

const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('golden/golden.json.gz', import.meta.url))).toString(),
) as Golden;
const own = 'https://kubernetes.default.svc.cluster.local';

/** How ANTLR calls the end of a text depends on what it has read before. */
function plain(error: string): string {
  return error
    .replaceAll("extraneous input '<EOF>'", "mismatched input '<EOF>'")
    .replaceAll('\\u003c', '<')
    .replaceAll('\\u003e', '>');
}

function said(text: string): string {
  try {
    loadAuthentication(text, { own });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Where kube-apiserver's words are Go's own, or show more of the text than is good: what it says, and what Berth does. */
const ownWords: [RegExp, (theirs: string) => RegExp][] = [
  [/^(couldn't get version\/kind; .* Go value) of type struct/, () => /^couldn't get version\/kind; /],
  [/^Object '(?:Kind|apiVersion)' is missing in '/, () => /^Object '(?:Kind|apiVersion)' is missing$/],
  [/ in scheme "/, () => /^no kind "AuthenticationConfiguration" is registered for version "[^"]*"$/],
  [/^expected AuthenticationConfiguration, got/, () => /^no kind "EncryptionConfiguration" is registered/],
  [
    /^strict decoding error: yaml: unmarshal errors/,
    () => /^strict decoding error: yaml: line 4: key "jwt" already set/,
  ],
];

describe('what Kubernetes says of configurations', () => {
  test('all that it refuses, and in which words', () => {
    expect(golden.configurations.length).toBeGreaterThan(2000);
    for (const { text, error } of golden.configurations) {
      const own = ownWords.find(([theirs]) => theirs.test(error));
      const ours = said(text);
      if (own) expect(ours, text).toMatch(own[1](error));
      // Valid, and still not to be had where there is no proxy for it.
      else if (error === '' && ours.startsWith('oidc: egress lookup required')) expect(text).toContain('egress');
      else expect(ours, text).toBe(plain(error));
    }
  });
});

/** What goes wrong inside Go's decoder and in its libraries is told in other words here. */
const verifying = 'oidc: verify token: ';
const kinds = [/^oidc: failed to unmarshal claims/, /^oidc: token is expired/, /^oidc: current time .* before/];

function kindOf(error: string): string {
  // cel-go names the types of some calls that do not fit.
  if (!error.startsWith(verifying)) return error.replace(/(no such overload): \w+\(.*\)$/, '$1');
  const why = error.slice(verifying.length);
  if (/^oidc: expected audience|^oidc: source|^oidc: failed to obtain/.test(why)) return error;
  const found = kinds.findIndex((kind) => kind.test(why));
  return `${verifying}${found < 0 ? 'it is not signed well' : found}`;
}

/** Where Berth says no, and Kubernetes yes: a user without a name, and a key without one. */
function refusedHere({ name, error, foreign }: Outcome, token: string): string | undefined {
  if (error !== undefined || foreign) return undefined;
  if ((name ?? '') === '') return 'oidc: the token names nobody';
  return claimsOf(token).includes('"kid":""') ? `${verifying}it is not signed well` : undefined;
}

/** Kubernetes' map of all claims is none to `size`, `in` and macros; here it is. */
const ofWholeMap = /claims\.size\(\)|' in claims|claims\.exists/;

describe('what Kubernetes makes of tokens', () => {
  const files: Record<string, object> = {
    'https://issuer.example.com/.well-known/openid-configuration': {
      issuer: 'https://issuer.example.com',
      jwks_uri: 'https://issuer.example.com/keys',
    },
    'https://issuer.example.com/keys': golden.jwks,
  };
  const fetch = async (url: string) =>
    url in files ? Response.json(files[url]) : new Response('', { status: 404, statusText: 'Not Found' });

  test('every one of them, in every configuration', async () => {
    const opened = await Promise.all(
      golden.opened.map(async (text) => {
        const { configuration, expressions } = loadAuthentication(text, { own });
        const options = { now: () => new Date(), logger: pino({ level: 'silent' }), fetch, pace: usualPace };
        const issuers = new Issuers(configuration.jwt, expressions, options);
        await issuers.start();
        expect(issuers.faults).toEqual([]);
        return issuers;
      }),
    );
    expect(golden.outcomes.length).toBeGreaterThan(4000);
    const differences: object[] = [];
    for (const outcome of golden.outcomes) {
      const token = golden.tokens[outcome.token] ?? '';
      const text = golden.opened[outcome.configuration] ?? '';
      if (ofWholeMap.test(text)) continue;
      const found = await opened[outcome.configuration]?.authenticate(token).then(
        (user) => user ?? { foreign: true },
        (error: Error) => ({ error: kindOf(error.message) }),
      );
      const { configuration: _, token: __, error, groups, ...rest } = outcome;
      const wanted = rest.foreign
        ? { foreign: true }
        : error
          ? { error: kindOf(error) }
          : { ...rest, groups: groups ?? [] };
      const refused = refusedHere(outcome, token);
      const expected = refused === undefined ? wanted : { error: refused };
      if (!same(found, expected)) differences.push({ text, token: claimsOf(token), found, expected });
    }
    await Promise.all(opened.map((issuers) => issuers.close()));
    expect(differences).toEqual([]);
  });
});

function same(a: unknown, b: unknown): boolean {
  const sorted = (value: unknown) => JSON.stringify(Object.entries(value as object).sort());
  return sorted(a) === sorted(b);
}

function claimsOf(token: string): string {
  return token
    .split('.')
    .slice(0, 2)
    .map((part) => Buffer.from(part, 'base64url').toString())
    .join(' ');
}
