import { describe, expect, test } from 'vitest';
import { AesGcm } from '../aes-gcm.ts';
import type { Reading } from '../transformer.ts';
import { encodeObject, sourceType } from './encrypted-object.ts';
import { socketOf } from './endpoint.ts';
import { KeyCache } from './key-cache.ts';
import { KmsProvider } from './provider.ts';
import type { KmsEncrypted, KmsStatus } from './service.ts';
import { decryptUnder, encryptUnder } from './testing.ts';

const key = '/registry/core/secrets/default/a';
const value = Buffer.from('what it holds');

/** A service whose answers the test decides, and the provider that asks it. */
function make() {
  const answers = {
    status: { version: 'v2', healthz: 'ok', keyId: 'first' } as KmsStatus | Error,
    encrypt: (plaintext: Buffer): KmsEncrypted => encryptUnder('first', plaintext),
    decrypt: decryptUnder as (encrypted: KmsEncrypted) => Buffer,
    asked: 0,
    now: 0,
  };
  const service = {
    async status() {
      if (answers.status instanceof Error) throw answers.status;
      return answers.status;
    },
    encrypt: async (plaintext: Buffer) => answers.encrypt(plaintext),
    async decrypt(encrypted: KmsEncrypted) {
      answers.asked++;
      return answers.decrypt(encrypted);
    },
    close: () => {},
  };
  const open = () => new KmsProvider({ name: 'vault', service, now: () => answers.now });
  return { answers, open, provider: open() };
}

async function failing(work: () => unknown): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('what is written', () => {
  test('is written for three minutes after the service was last well, and read for ever', async () => {
    const { answers, provider } = make();
    expect(await failing(() => provider.write(value, key))).toMatch(
      /vault was not well since the start: it was not asked yet/,
    );
    await provider.check();
    answers.status = new Error('rpc error: code = Unavailable desc = gone');
    answers.now = 180_000;
    await provider.check();
    const stored = provider.write(value, key);
    answers.now = 180_001;
    expect(await failing(() => provider.write(value, key))).toMatch(
      /could not be confirmed for 180 s: failed to perform status section of the healthz check for KMS Provider vault, error: rpc error/,
    );
    expect(await provider.read(stored, key)).toEqual({ value, isStale: false });
    answers.status = { version: 'v2', healthz: 'ok', keyId: 'first' };
    await provider.check();
    expect(provider.fault).toBeUndefined();
    expect((await provider.read(provider.write(value, key), key)).value).toEqual(value);
  });

  test('goes under a new seed once the service has another key, and what was written before is stale', async () => {
    const { answers, provider } = make();
    await provider.check();
    const stored = provider.write(value, key);
    answers.status = { version: 'v2', healthz: 'ok', keyId: 'second' };
    await provider.check();
    expect(provider.fault).toMatch(/failed to rotate DEK: it encrypts under another key/);
    expect(await provider.read(provider.write(value, key), key)).toEqual({ value, isStale: false });
    answers.encrypt = (plaintext) => encryptUnder('second', plaintext);
    await provider.check();
    expect(provider.fault).toBeUndefined();
    expect(await provider.read(stored, key)).toEqual({ value, isStale: true });
  });

  test.each<[string, Partial<KmsEncrypted>, RegExp]>([
    ['nothing', { ciphertext: Buffer.alloc(0) }, /encrypted DEK source is empty/],
    ['too much', { ciphertext: Buffer.alloc(1025) }, /1025 bytes, which exceeds the max size of 1024/],
    ['no key', { keyId: '' }, /keyID is empty/],
    ['notes without a domain', { annotations: { note: Buffer.of(1) } }, /validate annotations/],
    ['long notes', { annotations: { 'a.example.com': Buffer.alloc(33_000) } }, /total size of annotations/],
    ['something else', { ciphertext: Buffer.alloc(60) }, /cipher: message authentication failed/],
  ])('is not put under a seed of which the service answers %s', async (_, wrong, fault) => {
    const { answers, provider } = make();
    answers.encrypt = (plaintext) => ({ ...encryptUnder('first', plaintext), ...wrong });
    await provider.check();
    expect(provider.fault).toMatch(fault);
    expect(await failing(() => provider.write(value, key))).toMatch(/was not well/);
  });

  test.each<[Partial<KmsStatus>, RegExp]>([
    [{ healthz: 'sealed' }, /got unexpected healthz status: sealed/],
    [{ version: 'v1' }, /expected KMSv2 API version v2, got v1/],
    [{ version: 'v2beta1' }, /should not change after the initial status response version v2, got v2beta1/],
    [{ keyId: '' }, /got invalid KMSv2 KeyID hash "": keyID is empty/],
    [{ keyId: 'k'.repeat(1025) }, /keyID is 1025 bytes/],
  ])('is still written while the service says %o', async (wrong, fault) => {
    const { answers, provider } = make();
    await provider.check();
    answers.status = { version: 'v2', healthz: 'ok', keyId: 'first', ...wrong };
    await provider.check();
    expect(provider.fault).toMatch(fault);
    expect((await provider.read(provider.write(value, key), key)).value).toEqual(value);
  });
});

describe('what is read', () => {
  test('asks the service once for all who wait for one key, and again after an answer that was no good', async () => {
    const { answers, open, provider } = make();
    await provider.check();
    const stored = [1, 2, 3].map(() => provider.write(value, key));
    const other = open();
    await other.check();
    answers.asked = 0;
    answers.decrypt = () => Buffer.alloc(32);
    const read = () => Promise.all(stored.map(async (one) => (await other.read(one, key)).value));
    expect(await failing(read)).toBe('cipher: message authentication failed');
    answers.decrypt = () => Buffer.alloc(5);
    expect(await failing(read)).toBe('invalid seed length 5 used for key generation');
    answers.decrypt = () => {
      throw new Error('sealed');
    };
    expect(await failing(read)).toBe('failed to decrypt DEK, error: sealed');
    answers.decrypt = decryptUnder;
    expect(await read()).toEqual([value, value, value]);
    expect(answers.asked).toBe(4);
    await read();
    expect(answers.asked).toBe(4);
  });

  test('is what was written under one key for each value, before there were seeds, too', async () => {
    const { provider } = make();
    await provider.check();
    const secret = Buffer.alloc(32, 3);
    const { ciphertext, keyId, annotations } = encryptUnder('first', secret);
    const object = { keyID: keyId, encryptedDEKSource: ciphertext, annotations };
    const stored = encodeObject({
      ...object,
      encryptedDEKSourceType: sourceType.aesGcmKey,
      encryptedData: new AesGcm(secret).write(value, key),
    });
    expect(await provider.read(stored, key)).toEqual({ value, isStale: true });
    expect(
      await failing(() =>
        provider.read(encodeObject({ ...object, encryptedDEKSourceType: 2, encryptedData: value }), key),
      ),
    ).toBe('unknown encryptedDEKSourceType: 2');
  });
});

test('keys that were used last are kept, so many and no more', () => {
  const cache = new KeyCache(3);
  const keys = ['a', 'b', 'c', 'd'].map((id) => ({
    id,
    read: (stored: Buffer): Reading => ({ value: stored, isStale: false }),
  }));
  for (const { id, read } of keys.slice(0, 3)) cache.keep(id, { read, write: (plain) => plain });
  cache.get('a');
  cache.keep('d', { read: (stored) => ({ value: stored, isStale: false }), write: (plain) => plain });
  expect(['a', 'b', 'c', 'd'].map((id) => cache.get(id) !== undefined)).toEqual([true, false, true, true]);
});

test.each([
  ['unix:///var/run/kms.sock', '/var/run/kms.sock'],
  ['unix:/a%20b', '/a b'],
  ['unix:///@abstract', 'names an abstract socket'],
  ['unix://host', 'names no socket'],
])('%s leads to %s', (endpoint, expected) => {
  const found = () => socketOf(endpoint);
  if (expected.startsWith('/')) expect(found()).toBe(expected);
  else expect(found).toThrow(expected);
});
