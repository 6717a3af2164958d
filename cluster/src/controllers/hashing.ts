/** No vowels and no digits that look like them, so that no name becomes a word: as Kubernetes' generated names. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a, 32 bits: fast, and the same in every run. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** JSON with sorted fields and without those that are undefined: equal for equal content. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each) => {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** A label-safe hash of any value, up to ten characters: `pod-template-hash` and the like. */
export function hashOf(value: unknown, salt?: number): string {
  const hash = fnv1a(canonicalJson(value) + (salt === undefined ? '' : `#${salt}`));
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

/**
 * Five characters as at the end of a generated name. A reconciler has no randomness: what it gives in makes the name, and the same
 * decision made again gives the same name.
 */
export function suffixOf(...seed: readonly (string | number | undefined)[]): string {
  let rest = fnv1a(seed.join('/'));
  let text = '';
  for (let at = 0; at < 5; at++) {
    text += alphabet[rest % alphabet.length];
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
