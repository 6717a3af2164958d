import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { KmsEncrypted } from './service.ts';

/**
 * For tests: what a plugin does whose keys are known by their ids, AES-256-GCM under the id's SHA-256, as the one in
 * `golden/main.go`.
 */
export function encryptUnder(keyId: string, plaintext: Buffer): KmsEncrypted {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(keyId), nonce);
  const ciphertext = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return { ciphertext, keyId, annotations: {} };
}

/** Throws for what was not encrypted under that key. */
export function decryptUnder({ ciphertext, keyId }: KmsEncrypted): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), ciphertext.subarray(0, 12));
  decipher.setAuthTag(ciphertext.subarray(-16));
  try {
    return Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()]);
  } catch {
    throw new Error('cipher: message authentication failed');
  }
}

function keyOf(keyId: string): Buffer {
  return createHash('sha256').update(keyId).digest();
}
