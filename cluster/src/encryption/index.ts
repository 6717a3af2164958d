export {
  type EncryptedObjects,
  type EncryptionControl,
  type EncryptionStatus,
  encryptionControl,
  type Rewritten,
} from './control.ts';
export { Encryption } from './encryption.ts';
export { identity } from './identity.ts';
export { type EncryptedStore, type EncryptedStoreOptions, openEncryptedStore } from './open.ts';
export { asBuffer, isEncrypted, type Reading, type Transformer } from './transformer.ts';
