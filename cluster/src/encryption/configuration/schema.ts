import { catalogueOf, type Schema } from '@berth/kube/schema';

const text: Schema = { type: 'string' };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `v1.${name}` });
const struct = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });
const keys = struct({ keys: listOf(ref('Key')) });

export const root = 'v1.EncryptionConfiguration';

/** The types of `apiserver.config.k8s.io/v1`, under the names that Go's decoder gives them. Source: `types_encryption.go`. */
export const catalogue = catalogueOf({
  [root]: struct({ apiVersion: text, kind: text, resources: listOf(ref('ResourceConfiguration')) }),
  'v1.ResourceConfiguration': struct({ resources: listOf(text), providers: listOf(ref('ProviderConfiguration')) }),
  'v1.ProviderConfiguration': struct({
    aesgcm: ref('AESConfiguration'),
    aescbc: ref('AESConfiguration'),
    secretbox: ref('SecretboxConfiguration'),
    identity: ref('IdentityConfiguration'),
    kms: ref('KMSConfiguration'),
  }),
  'v1.AESConfiguration': keys,
  'v1.SecretboxConfiguration': keys,
  'v1.Key': struct({ name: text, secret: text }),
  'v1.IdentityConfiguration': struct({}),
  'v1.KMSConfiguration': struct({
    apiVersion: text,
    name: text,
    cachesize: { type: 'integer', format: 'int32' },
    endpoint: text,
    timeout: text,
  }),
});
