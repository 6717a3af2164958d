import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type Reading, type Transformer, tooShort } from './transformer.ts';

const nonceSize = 12;
const tagSize = 16;

/**
 * AES-GCM with a random nonce of 96 bits for each value, bound to its key in the store: nonce, ciphertext, tag. A key is good
 * for 2^32 values (NIST SP 800-38D, 8.3). Source of the format: `aes.go` of `k8s.io/apiserver`.
 */
export class AesGcm implements Transformer {
  readonly #key: KeyObject;
  readonly #cipher: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm';

  /** `secret`: 16, 24 or 32 bytes. */
  constructor(secret: Uint8Array) {
    this.#key = createSecretKey(secret);
    this.#cipher = `aes-${(secret.length * 8) as 128 | 192 | 256}-gcm`;
  }

  read(stored: Buffer, key: string): Reading {
    if (stored.length < nonceSize) throw new Error(tooShort);
    const end = stored.length - tagSize;
    if (end < nonceSize) throw new Error(forged);
    const decipher = createDecipheriv(this.#cipher, this.#key, stored.subarray(0, nonceSize));
    decipher.setAAD(Buffer.from(key)).setAuthTag(stored.subarray(end));
    const value = Buffer.allocUnsafeSlow(end - nonceSize);
    value.set(decipher.update(stored.subarray(nonceSize, end)));
    try {
      decipher.final();
    } catch {
      throw new Error(forged);
    }
    return { value, isStale: false };
  }

  write(value: Buffer, key: string): Buffer {
    const nonce = randomBytes(nonceSize);
    const cipher = createCipheriv(this.#cipher, this.#key, nonce).setAAD(Buffer.from(key));
    const parts = [nonce, cipher.update(value), cipher.final()];
    return Buffer.concat([...parts, cipher.getAuthTag()]);
  }
}

const forged = 'cipher: message authentication failed';
