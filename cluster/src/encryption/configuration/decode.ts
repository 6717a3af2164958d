import { parseDuration } from '@berth/kube/cel';
import { decodeConfigFile } from '../../config-file/index.ts';
import { catalogue, root } from './schema.ts';
import type { EncryptionConfiguration, Key, Keys, KmsConfiguration, ProviderConfiguration } from './types.ts';

/** Both mean this one. Source: `register.go` of `k8s.io/apiserver/pkg/apis/apiserver/v1`. */
const names = ['apiserver.config.k8s.io/v1 EncryptionConfiguration', 'v1 EncryptionConfig'];

const seconds = 1_000_000_000;
const defaultTimeout = 3 * seconds;
const defaultCacheSize = 1000;

/**
 * Reads the text of an EncryptionConfiguration, YAML or JSON, and fills in the defaults; it may be invalid still. Throws an
 * `Error` that says what of it cannot be read, in kube-apiserver's words, without any of the text, which holds keys.
 */
export function decodeConfiguration(text: string): EncryptionConfiguration {
  const { resources } = decodeConfigFile(text, { names, root, catalogue }) as {
    resources?: Partial<EncryptionConfiguration['resources'][number]>[];
  };
  return {
    resources: (resources ?? []).map((one) => ({
      resources: one?.resources?.map((name) => name ?? '') ?? [],
      providers: one?.providers?.map(providerOf) ?? [],
    })),
  };
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
