import { randomBytes } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { asBuffer, type Reading, type Transformer, tooShort } from './transformer.ts';

const nonceSize = 24;
const tagSize = 16;

/**
 * NaCl's secretbox, XSalsa20 and Poly1305, with a random nonce in front. A value that was changed is found out, one that was
 * moved is not. Source of the format: `secretbox.go` of `k8s.io/apiserver`.
 */
export class Secretbox implements Transformer {
  readonly #secret: Uint8Array;

  /** `secret`: 32 bytes. */
  constructor(secret: Uint8Array) {
    this.#secret = Uint8Array.from(secret);
  }

  read(stored: Buffer): Reading {
    if (stored.length < nonceSize + tagSize) throw new Error(tooShort);
    const box = xsalsa20poly1305(this.#secret, stored.subarray(0, nonceSize));
    try {
      return { value: asBuffer(box.decrypt(stored.subarray(nonceSize))), isStale: false };
    } catch {
      // Kubernetes' words for it, whatever they mean.
      throw new Error('output array was not large enough for encryption');
    }
  }

  write(value: Buffer): Buffer {
    const nonce = randomBytes(nonceSize);
    return Buffer.concat([nonce, xsalsa20poly1305(this.#secret, nonce).encrypt(value)]);
  }
}
