export { Encryption } from './encryption.ts';
export { type EncryptedStore, type EncryptedStoreOptions, openEncryptedStore } from './open.ts';
export { asBuffer, isEncrypted, type Reading, type Transformer } from './transformer.ts';
