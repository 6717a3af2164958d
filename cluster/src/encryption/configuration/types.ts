/**
 * `apiserver.config.k8s.io/v1 EncryptionConfiguration`, as far as Berth reads it.
 * Source: `types_encryption.go` of `k8s.io/apiserver`.
 */
export interface EncryptionConfiguration {
  apiVersion: 'apiserver.config.k8s.io/v1';
  kind: 'EncryptionConfiguration';
  resources: ResourceConfiguration[];
}

export interface ResourceConfiguration {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.` for the core group, `*.*` for everything. */
  resources: string[];
  /** The first writes, all read. */
  providers: ProviderConfiguration[];
}

/** One of them. */
export interface ProviderConfiguration {
  aesgcm?: Keys;
  aescbc?: Keys;
  secretbox?: Keys;
  identity?: object;
  kms?: KmsConfiguration;
}

/** The first writes, all read. */
export interface Keys {
  keys: Key[];
}

export interface Key {
  name: string;
  /** In Base64. */
  secret: string;
}

export interface KmsConfiguration {
  apiVersion: string;
  name: string;
  /** `unix:///path/to/socket`. */
  endpoint: string;
  /** Of one call, in nanoseconds as Go counts. */
  timeout: number;
  cachesize?: number;
}
