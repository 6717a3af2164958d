import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Encryption } from './encryption.ts';
import { identity } from './identity.ts';
import { KmsProvider } from './kms/index.ts';
import { decryptUnder, encryptUnder } from './kms/testing.ts';
import { loadRules } from './load.ts';
import type { OpenKms } from './rules.ts';

interface Golden {
  configurations: { text: string; reload?: boolean; error: string }[];
  readers: string[];
  readings: Reading[];
}

interface Reading {
  /** Of `readers`. */
  configuration: number;
  resource: string;
  key: string;
  /** Both in Base64. */
  stored: string;
  value?: string;
  stale?: boolean;
  error?: string;
}

const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('./golden/golden.json.gz', import.meta.url))).toString(),
) as Golden;

const noKms: OpenKms = () => identity;

function judge(text: string, reload: boolean): string {
  try {
    loadRules(text, { file: 'FILE', reload, openKms: noKms });
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

/** Where kube-apiserver's words are Go's, or show the text, which holds keys: what it says, and what Berth does. */
const ownWords: [RegExp, (theirs: string) => RegExp][] = [
  [/(.*Object '(?:Kind|apiVersion)' is missing) in '.*'$/s, (said) => exactly(said, '$')],
  [/(.*) of type struct \{.*\}$/, (said) => exactly(said, '$')],
  [/(.*) in scheme ".*"$/, (said) => exactly(said, '$')],
  [
    /(.*: )couldn't get version\/kind; json parse error: unexpected end of JSON input$/,
    (said) => exactly(said, 'yaml: .*'),
  ],
  [/(.*yaml: )mapping values are not allowed in this context$/, (said) => exactly(said, 'line 1, column \\d+: ')],
  [
    /(.*: )got unexpected config type: .*$/,
    () => /no kind "AuthenticationConfiguration" is registered for version ".*"$/,
  ],
];

function exactly(said: string, rest: string): RegExp {
  return new RegExp(`^${said.replace(/[^\w ]/g, '\\$&')}${rest}`);
}

test('configurations are judged as by kube-apiserver, in its words', () => {
  for (const { text, reload = false, error } of golden.configurations) {
    const said = judge(text, reload);
    const own = ownWords.find(([theirs]) => theirs.test(error));
    if (own) expect(said, text).toMatch(own[1](own[0].exec(error)?.[1] ?? ''));
    else expect(said, text).toBe(error);
  }
  expect(golden.configurations.filter(({ error }) => error === '').length).toBeGreaterThan(300);
});

test('no fault shows a key', () => {
  let faults = 0;
  for (const { text, reload = false } of golden.configurations) {
    const said = judge(text, reload);
    if (said !== '') faults++;
    for (const [, key = ''] of text.matchAll(/"secret":"([^"]{12,})"/g)) expect(said).not.toContain(key);
  }
  expect(faults).toBeGreaterThan(500);
});

test('stored values are read as by kube-apiserver, those of key management services too', async () => {
  const providers: KmsProvider[] = [];
  const openKms: OpenKms = ({ name }) => {
    const service = {
      status: async () => ({ version: 'v2', healthz: 'ok', keyId: name }),
      encrypt: async (plaintext: Buffer) => encryptUnder(name, plaintext),
      decrypt: async (encrypted: Parameters<typeof decryptUnder>[0]) => decryptUnder(encrypted),
      close: () => {},
    };
    const provider = new KmsProvider({ name, service, now: () => 0 });
    providers.push(provider);
    return provider;
  };
  const readers = golden.readers.map((text) => {
    const encryption = new Encryption();
    encryption.use(loadRules(text, { file: 'FILE', reload: false, openKms }));
    return encryption;
  });
  for (const provider of providers) await provider.check();
  expect(providers.map(({ fault }) => fault)).toEqual(providers.map(() => undefined));

  const outcomes = await Promise.all(
    golden.readings.map(async ({ configuration, resource, key, stored }) => {
      const [name, ...group] = resource.split('.');
      const transformer = readers[configuration]?.of(`/registry/${group.join('.') || 'core'}/${name}/`) ?? identity;
      try {
        const { value, isStale } = await transformer.read(Buffer.from(stored, 'base64'), key);
        return { value: value.toString('base64'), stale: isStale };
      } catch (error) {
        return { error: (error as Error).message };
      }
    }),
  );
  for (const [at, { value = '', stale = false, error }] of golden.readings.entries()) {
    // Go puts one of two kinds of space there, lest anybody rely on its words.
    const wanted = error === undefined ? { value, stale } : { error: error.replaceAll('\u00a0', ' ') };
    expect(outcomes[at], `reading ${at}`).toEqual(wanted);
  }
  expect(golden.readings.filter(({ error }) => error === undefined).length).toBeGreaterThan(400);
});
