import { BerthError } from '@berth/kube/errors';
import { asBuffer, type Encryption, identity, isEncrypted, type Transformer } from '../../encryption/index.ts';
import type { Change, Revision, StoreEvent } from '../../store/index.ts';
import { prefixOfKey } from './keys.ts';
import type { SharedParts } from './shared-parts.ts';
import { StoredObject } from './stored-object.ts';

/** A value as the store has it. */
interface Kept {
  key: string;
  value: Uint8Array;
  revision: Revision;
}

/**
 * Between objects and what the store keeps of them: encrypted where that is asked for. Answers at once, without a promise,
 * unless a key management service has to be asked first.
 */
export class KeptValues {
  readonly #encryption: Encryption | undefined;

  constructor(encryption: Encryption | undefined) {
    this.#encryption = encryption;
  }

  /** Whether a value is encrypted, or would be if it were written now. */
  concerns({ key, value }: Pick<Kept, 'key' | 'value'>): boolean {
    return isEncrypted(value) || this.#of(key) !== undefined;
  }

  /** The object that a value is; one that says why it cannot be read instead of failing. */
  object(kept: Kept, shared?: SharedParts): StoredObject | Promise<StoredObject> {
    const { key, revision } = kept;
    const made = (value: Uint8Array) => new StoredObject(key, value, revision, shared);
    const failed = (error: unknown) => StoredObject.unreadable(key, revision, unreadable(key, error));
    try {
      const value = this.#read(kept);
      return value instanceof Promise ? value.then(made, failed) : made(value);
    } catch (error) {
      return failed(error);
    }
  }

  /** An event of the store with the values that were encrypted. Rejects when one of them cannot be read. */
  async event(event: StoreEvent): Promise<StoreEvent> {
    const { key, previous } = event;
    const plain = { ...event, value: (await this.#orFault(event)) as Uint8Array };
    if (previous) plain.previous = { ...previous, value: await this.#orFault({ key, ...previous }) };
    return plain;
  }

  /** Whether the value would be written in another way now. What cannot be read is not. */
  async isStale({ key, value }: Kept): Promise<boolean> {
    try {
      return (await this.#of(key)?.read(asBuffer(value), key))?.isStale ?? false;
    } catch {
      return false;
    }
  }

  /** A change as the store is to keep it. Its value, when the store asks for it, throws `InternalError` when nothing can be written now. */
  change(change: Change): Change {
    const transformer = change.type === 'put' ? this.#of(change.key) : undefined;
    if (change.type !== 'put' || !transformer) return change;
    const { key, value } = change;
    const written = (revision: Revision) => {
      const plain = asBuffer(typeof value === 'function' ? value(revision) : value);
      try {
        return transformer.write(plain, key);
      } catch (error) {
        throw internal(reasonOf(error), error);
      }
    };
    return { ...change, value: written };
  }

  #of(key: string): Transformer | undefined {
    return this.#encryption?.of(prefixOfKey(key));
  }

  #read({ key, value }: Kept): Uint8Array | Promise<Uint8Array> {
    const transformer = this.#of(key) ?? (isEncrypted(value) ? identity : undefined);
    if (!transformer) return value;
    const reading = transformer.read(asBuffer(value), key);
    return reading instanceof Promise ? reading.then((read) => read.value) : reading.value;
  }

  async #orFault(kept: Kept): Promise<Uint8Array> {
    try {
      return await this.#read(kept);
    } catch (error) {
      throw unreadable(kept.key, error);
    }
  }
}

/** Kubernetes' words for a value that cannot be read. Source: `GetList` of the etcd3 store in `k8s.io/apiserver`. */
function unreadable(key: string, cause: unknown): BerthError {
  return internal(`unable to transform key ${JSON.stringify(key)}: ${reasonOf(cause)}`, cause);
}

/** `NewInternalError` of `k8s.io/apimachinery`. */
function internal(message: string, cause: unknown): BerthError {
  const details = { causes: [{ message }] };
  return new BerthError('InternalError', `Internal error occurred: ${message}`, { cause, details, retryable: false });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
