import type { Prefixed } from './prefixed.ts';
import { isEncrypted, type Transformer } from './transformer.ts';

/** Values as they are. What is encrypted it does not take for one. */
export const identity: Transformer = {
  read(stored) {
    if (isEncrypted(stored)) throw new Error('identity transformer tried to read encrypted data');
    return { value: stored, isStale: false };
  },
  write: (value) => value,
};

/** As a provider among others. */
export const plainly: Prefixed = { prefix: Buffer.alloc(0), transformer: identity };
