import type { Faults } from './faults.ts';
import { goDuration, shownProvider } from './go-values.ts';
import type { Key, Keys, KmsConfiguration, ProviderConfiguration } from './types.ts';

interface Around {
  /** Of those that came before. */
  kmsNames: Set<string>;
  reload: boolean;
}

export function checkProvider(faults: Faults, field: string, provider: ProviderConfiguration, around: Around): void {
  const { aesgcm, aescbc, secretbox, identity, kms } = provider;
  const given = [kms, aesgcm, aescbc, secretbox, identity].filter((one) => one !== undefined).length;
  if (given === 0) {
    const why = 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity';
    faults.shown(field, shownProvider(provider), why);
  }
  if (given > 1) {
    const why = 'more than one provider specified in a single element, should split into different list elements';
    faults.shown(field, shownProvider(provider), why);
  }
  if (kms) checkKms(faults, `${field}.kms`, kms, around);
  else if (aesgcm) checkKeys(faults, `${field}.aesgcm.keys`, aesgcm, [16, 24, 32]);
  else if (aescbc) checkKeys(faults, `${field}.aescbc.keys`, aescbc, [16, 24, 32]);
  else if (secretbox) checkKeys(faults, `${field}.secretbox.keys`, secretbox, [32]);
}

function checkKeys(faults: Faults, field: string, { keys }: Keys, sizes: readonly number[]): void {
  if (keys.length === 0) faults.required(field, 'at least one keys is required');
  for (const [place, key] of keys.entries()) checkKey(faults, `${field}[${place}]`, key, sizes);
}

function checkKey(faults: Faults, field: string, { name, secret }: Key, sizes: readonly number[]): void {
  if (name === '') faults.required(`${field}.name`, 'name is a mandatory field for a key');
  const fault = secretFault(secret, sizes);
  if (secret === '') faults.required(`${field}.secret`, 'secret is a mandatory field for a key');
  else if (fault) faults.invalid(`${field}.secret`, 'REDACTED', fault);
}

function secretFault(secret: string, sizes: readonly number[]): string | undefined {
  const bytes = secretOf(secret);
  if (!bytes) return 'secrets must be base64 encoded';
  if (sizes.includes(bytes.length)) return undefined;
  return `secret is not of the expected length, got ${bytes.length}, expected one of [${sizes.join(' ')}]`;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** As Go's `base64.StdEncoding` reads it, which passes over ends of lines; undefined for what is no Base64. */
export function secretOf(text: string): Buffer | undefined {
  const line = text.replace(/[\r\n]/g, '');
  return base64.test(line) ? Buffer.from(line, 'base64') : undefined;
}

function checkKms(faults: Faults, field: string, kms: KmsConfiguration, { kmsNames, reload }: Around): void {
  const { apiVersion, name, cachesize, endpoint, timeout } = kms;
  const isFirst = apiVersion === 'v1';
  if (name === '') faults.required(`${field}.name`, 'name is a mandatory field for a provider');
  if (!isFirst && name.includes(':')) {
    faults.invalid(`${field}.name`, name, `invalid KMS provider name ${name}, must not contain ':'`);
  }
  if ((reload || !isFirst) && kmsNames.has(name)) {
    faults.invalid(`${field}.name`, name, `duplicate KMS provider name ${name}, names must be unique`);
  }
  kmsNames.add(name);
  if (timeout <= 0) faults.invalid(`${field}.timeout`, goDuration(timeout), 'timeout should be a positive value');
  const fault = endpointFault(endpoint);
  if (fault) faults.invalid(`${field}.endpoint`, endpoint, fault);
  if (!isFirst && cachesize !== undefined) {
    faults.invalid(`${field}.cachesize`, cachesize, 'cachesize is not supported in v2');
  }
  if (isFirst && cachesize === 0) {
    faults.invalid(`${field}.cachesize`, cachesize, 'cachesize should be a positive value, or negative to disable');
  }
  if (apiVersion !== 'v1' && apiVersion !== 'v2') {
    const why = 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported';
    faults.invalid(`${field}.apiVersion`, apiVersion, why);
  }
}

function endpointFault(endpoint: string): string | undefined {
  if (endpoint === '') return 'endpoint is a mandatory field for a kms';
  const fault = urlFault(endpoint);
  if (fault) return `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: ${fault}`;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(endpoint)?.[1]?.toLowerCase() ?? '';
  if (scheme === 'unix') return undefined;
  return `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`;
}

/** What Go's `url.Parse` objects to, of what may well happen. */
function urlFault(url: string): string | undefined {
  if (url.startsWith(':')) return 'missing protocol scheme';
  const [, host = '', path = ''] = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [undefined, '', url];
  if (host.startsWith('[') && !host.includes(']')) return "missing ']' in host";
  // A host may not be written in escapes, except of bytes that no host has otherwise.
  const ofHost = /%(?![89A-Fa-f][0-9A-Fa-f]|25).{0,2}/.exec(host)?.[0];
  const wrong = ofHost ?? /%(?![0-9A-Fa-f]{2}).{0,2}/.exec(path)?.[0];
  return wrong === undefined ? undefined : `invalid URL escape ${JSON.stringify(wrong)}`;
}
