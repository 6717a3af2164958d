import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { AesGcm } from '../aes-gcm.ts';
import { type Reading, type Transformer, tooShort } from '../transformer.ts';

const infoSize = 32;
export const seedSize = 32;

/**
 * AES-GCM under a key of each value's own, which HKDF expands from a seed and 32 random bytes in front of the value: a seed is
 * good for any number of values. Source: `aes_extended_nonce.go` of `k8s.io/apiserver`; HKDF-Expand of RFC 5869 with SHA-256.
 */
export class ExtendedNonceGcm implements Transformer {
  readonly #seed: KeyObject;

  constructor(seed: Uint8Array) {
    if (seed.length < seedSize) throw new Error(`invalid seed length ${seed.length} used for key generation`);
    this.#seed = createSecretKey(seed);
  }

  read(stored: Buffer, key: string): Reading {
    if (stored.length < infoSize) throw new Error(tooShort);
    return this.#derived(stored.subarray(0, infoSize)).read(stored.subarray(infoSize), key);
  }

  write(value: Buffer, key: string): Buffer {
    const info = randomBytes(infoSize);
    return Buffer.concat([info, this.#derived(info).write(value, key)]);
  }

  /** One block of the hash is as long as the key. */
  #derived(info: Buffer): AesGcm {
    return new AesGcm(createHmac('sha256', this.#seed).update(info).update(Buffer.of(1)).digest());
  }
}
