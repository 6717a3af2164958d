/** A value as it was before it was encrypted. */
export interface Reading {
  value: Buffer;
  /** It was written in another way or under another key than it would be now. */
  isStale: boolean;
}

/**
 * How values of a resource are kept; Kubernetes' `value.Transformer`. `key` is the store's key of the object, to which a
 * provider that can binds the value, so that it is good for nothing under another.
 */
export interface Transformer {
  /** Throws, or rejects with, an `Error` that says why the value cannot be read. A promise only where somebody must be asked. */
  read(stored: Buffer, key: string): Reading | Promise<Reading>;
  /** Throws an `Error` that says why nothing can be written now. */
  write(value: Buffer, key: string): Buffer;
}

/** What every value that is not plain begins with. Source: `identity.go` of `k8s.io/apiserver`. */
export const encryptedPrefix = Buffer.from('k8s:enc:');

export function isEncrypted(stored: Uint8Array): boolean {
  return stored[0] === encryptedPrefix[0] && startsWith(stored, encryptedPrefix);
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && Buffer.compare(bytes.subarray(0, prefix.length), prefix) === 0;
}

/** The same bytes, not a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export const tooShort = 'the stored data was shorter than the required size';
