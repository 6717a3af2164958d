import { parseDuration } from '@berth/kube/cel';
import { decodeDefinition } from '@berth/kube/schema';
import { convert } from '../../api/yaml/convert.ts';
import { catalogue, root } from './schema.ts';
import type { EncryptionConfiguration, Key, Keys, KmsConfiguration, ProviderConfiguration } from './types.ts';

const version = 'apiserver.config.k8s.io/v1';
const kind = 'EncryptionConfiguration';
/** Both still mean this one. Source: `register.go` of `k8s.io/apiserver/pkg/apis/apiserver/v1`. */
const former = 'v1 EncryptionConfig';

const seconds = 1_000_000_000;
const defaultTimeout = 3 * seconds;
const defaultCacheSize = 1000;

/**
 * Reads the text of an EncryptionConfiguration, YAML or JSON, and fills in the defaults; it may be invalid still. Throws an
 * `Error` that says what of it cannot be read, in kube-apiserver's words, without any of the text, which holds keys.
 */
export function decodeConfiguration(text: string): EncryptionConfiguration {
  const { text: json, repeated } = convert('toJson', text);
  const value = JSON.parse(json) as unknown;
  checkType(value);
  decodeDefinition(root, value, { mode: 'Strict', catalogue });
  if (repeated.length > 0) throw new Error(`strict decoding error: ${repeated.map((at) => `yaml: ${at}`).join(', ')}`);
  const { resources } = withoutNulls(value) as { resources?: Partial<EncryptionConfiguration['resources'][number]>[] };
  return {
    resources: (resources ?? []).map((one) => ({
      resources: one?.resources?.map((name) => name ?? '') ?? [],
      providers: one?.providers?.map(providerOf) ?? [],
    })),
  };
}

function checkType(value: unknown): void {
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new Error(`couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value`);
  }
  const { apiVersion, kind: named } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (typeof named !== 'string' || named === '') throw new Error("Object 'Kind' is missing");
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new Error("Object 'apiVersion' is missing");
  if (apiVersion.split('/').length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  if (`${apiVersion} ${named}` === former || (apiVersion === version && named === kind)) return;
  throw new Error(`no kind ${JSON.stringify(named)} is registered for version ${JSON.stringify(apiVersion)}`);
}

function providerOf(provider: Partial<ProviderConfiguration> | undefined): ProviderConfiguration {
  const { aesgcm, aescbc, secretbox, identity, kms } = provider ?? {};
  return {
    ...(aesgcm && { aesgcm: keysOf(aesgcm) }),
    ...(aescbc && { aescbc: keysOf(aescbc) }),
    ...(secretbox && { secretbox: keysOf(secretbox) }),
    ...(identity && { identity }),
    ...(kms && { kms: kmsOf(kms as never) }),
  };
}

function keysOf({ keys }: Partial<Keys>): Keys {
  return { keys: (keys ?? []).map((key: Partial<Key>) => ({ name: key?.name ?? '', secret: key?.secret ?? '' })) };
}

function kmsOf(kms: Partial<Omit<KmsConfiguration, 'timeout'>> & { timeout?: string }): KmsConfiguration {
  const apiVersion = kms.apiVersion || 'v1';
  const cachesize = kms.cachesize ?? (apiVersion === 'v1' ? defaultCacheSize : undefined);
  return {
    apiVersion,
    name: kms.name ?? '',
    endpoint: kms.endpoint ?? '',
    timeout: kms.timeout === undefined ? defaultTimeout : nanoseconds(kms.timeout),
    ...(cachesize === undefined ? {} : { cachesize }),
  };
}

function nanoseconds(text: string): number {
  const duration = parseDuration(text);
  if (!duration) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
  return Number(duration.nanos);
}

/** As Go leaves a field that is null: as if it were not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const given = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(given.map(([name, field]) => [name, withoutNulls(field)]));
}
