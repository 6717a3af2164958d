import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { type Reading, type Transformer, tooShort } from './transformer.ts';

const blockSize = 16;

/**
 * AES-CBC: a random initialization vector, then the value with PKCS#7 padding. Nothing tells whether somebody changed or moved
 * it. Source of the format: `aes.go` of `k8s.io/apiserver`.
 */
export class AesCbc implements Transformer {
  readonly #key: KeyObject;
  readonly #cipher: string;

  /** `secret`: 16, 24 or 32 bytes. */
  constructor(secret: Uint8Array) {
    this.#key = createSecretKey(secret);
    this.#cipher = `aes-${secret.length * 8}-cbc`;
  }

  read(stored: Buffer): Reading {
    if (stored.length < blockSize) throw new Error(tooShort);
    if (stored.length % blockSize !== 0) throw new Error('the stored data is not a multiple of the block size');
    const decipher = createDecipheriv(this.#cipher, this.#key, stored.subarray(0, blockSize)).setAutoPadding(false);
    const padded = Buffer.concat([decipher.update(stored.subarray(blockSize)), decipher.final()]);
    return { value: withoutPadding(padded), isStale: false };
  }

  write(value: Buffer): Buffer {
    const vector = randomBytes(blockSize);
    const cipher = createCipheriv(this.#cipher, this.#key, vector);
    return Buffer.concat([vector, cipher.update(value), cipher.final()]);
  }
}

function withoutPadding(padded: Buffer): Buffer {
  const size = padded.at(-1) ?? 0;
  if (size === 0 || size > padded.length) throw new Error('invalid PKCS7 data (empty or not padded)');
  const end = padded.length - size;
  if (!padded.subarray(end).every((byte) => byte === size)) throw new Error('invalid padding on input');
  return padded.subarray(0, end);
}
