import { randomInt } from 'node:crypto';

/** Without vowels and what looks alike, so that no words come out; what Kubernetes generates with. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const longestBase = 58;

/** `base` with five random characters. */
export function generateName(base: string): string {
  return base.slice(0, longestBase) + randomSuffix(5);
}

export function randomSuffix(length: number): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += alphabet[randomInt(alphabet.length)];
  return suffix;
}
