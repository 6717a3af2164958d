import { hash } from 'node:crypto';

/** The key of HMAC-SHA256, prepared as RFC 2104 has it. */
export interface MacKey {
  inner: Buffer;
  outer: Buffer;
}

/** Bytes that SHA-256 takes at a time. */
const blockBytes = 64;

/** `key` has at most 64 bytes. */
export function macKey(key: Buffer): MacKey {
  const padded = (pad: number) => Buffer.from(Uint8Array.from({ length: blockBytes }, (_, at) => (key[at] ?? 0) ^ pad));
  return { inner: padded(0x36), outer: padded(0x5c) };
}

/**
 * HMAC-SHA256 of texts one behind the other, in base64url. Made of two hashes, each at one go: `createHmac` of Node takes
 * ten times as long for a record, and there is one for every request.
 */
export function macOf({ inner, outer }: MacKey, before: string, body: Buffer): string {
  const first = hash('sha256', Buffer.concat([inner, Buffer.from(before), body]), 'buffer');
  return hash('sha256', Buffer.concat([outer, first]), 'base64url');
}
