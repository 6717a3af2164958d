/**
 * `apiserver.config.k8s.io/v1 EncryptionConfiguration` with its defaults.
 * Source: `types_encryption.go` and `defaults.go` of `k8s.io/apiserver`.
 */
export interface EncryptionConfiguration {
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
  /** `v1` by default. */
  apiVersion: string;
  name: string;
  /** `unix:///path/to/socket`. */
  endpoint: string;
  /** Of one call, in nanoseconds. 3 s by default. */
  timeout: number;
  /** For v1 only. */
  cachesize?: number;
}
