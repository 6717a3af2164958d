import type { Keys, KmsConfiguration, ProviderConfiguration } from './types.ts';

/** A provider as kube-apiserver shows it in an error, by the names of its internal fields; without the keys, which it shows too. */
export function shownProvider({ aesgcm, aescbc, secretbox, identity, kms }: ProviderConfiguration): string {
  const keys = (of: Keys | undefined) =>
    of ? { Keys: of.keys.map(({ name }) => ({ Name: name, Secret: 'REDACTED' })) } : null;
  return JSON.stringify({
    AESGCM: keys(aesgcm),
    AESCBC: keys(aescbc),
    Secretbox: keys(secretbox),
    Identity: identity ?? null,
    KMS: kms ? shownKms(kms) : null,
  });
}

function shownKms({ apiVersion, name, cachesize, endpoint, timeout }: KmsConfiguration) {
  return {
    APIVersion: apiVersion,
    Name: name,
    CacheSize: cachesize ?? null,
    Endpoint: endpoint,
    Timeout: goDuration(timeout),
  };
}

const units = [
  ['h', 3_600_000_000_000],
  ['m', 60_000_000_000],
] as const;
const small = [
  ['s', 1_000_000_000],
  ['ms', 1_000_000],
  ['µs', 1000],
] as const;

/** Nanoseconds as Go's `Duration.String` writes them: `1h30m0s`, `1.5s`, `-1s`, `0s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds < 0) return `-${goDuration(-nanoseconds)}`;
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1_000_000_000) {
    const [unit, size] = small.find(([, size]) => nanoseconds >= size) ?? ['ns', 1];
    return `${nanoseconds / size}${unit}`;
  }
  let text = '';
  let rest = nanoseconds;
  for (const [unit, size] of units) {
    if (text !== '' || rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return `${text}${rest / 1_000_000_000}s`;
}
