import { BerthError } from '@berth/kube/errors';

const ascii = /^[\x20-\x7e]+$/;
const longestKeyBytes = 1024;

/**
 * The string whose plain JavaScript order is the byte order of the key's UTF-8 (UTF-16 puts surrogates before U+E000):
 * the key itself when it is ASCII, else its bytes as code units. A key's prefixes keep being prefixes.
 */
export function orderOf(key: string): string {
  return ascii.test(key) ? key : Buffer.from(key, 'utf8').toString('latin1');
}

/** The first string after everything that starts with `order`: no unit of an order is above U+00FF. */
export function endOfPrefix(order: string): string {
  return `${order}\u0100`;
}

/** Throws `BadRequest` for a key that no implementation can hold: empty, too long for a page of the file, or not Unicode. */
export function checkKey(key: string): void {
  const bytes = ascii.test(key) ? key.length : Buffer.byteLength(key, 'utf8');
  if (bytes === 0 || bytes > longestKeyBytes) {
    throw new BerthError('BadRequest', `a key has 1 to ${longestKeyBytes} bytes, this one has ${bytes}`);
  }
  if (!key.isWellFormed()) throw new BerthError('BadRequest', 'a key must be well-formed Unicode');
}
