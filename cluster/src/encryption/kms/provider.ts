import { createHash, randomBytes } from 'node:crypto';
import { AesGcm } from '../aes-gcm.ts';
import type { Reading, Transformer } from '../transformer.ts';
import {
  cacheKey,
  checkKey,
  decodeObject,
  type EncryptedKey,
  type EncryptedObject,
  encodeObject,
  keyIdFault,
  sourceType,
} from './encrypted-object.ts';
import { ExtendedNonceGcm, seedSize } from './extended-nonce.ts';
import { KeyCache } from './key-cache.ts';
import type { KmsService, KmsStatus } from './service.ts';

/**
 * How long a seed is written under after the service was last well. Values are read for ever; but whoever has told the service
 * to use another key may count on nothing being written under the old one after a while. Source: `config.go` of
 * `k8s.io/apiserver/pkg/server/options/encryptionconfig`.
 */
const writtenForMs = 3 * 60_000;

/** What is written under now. */
interface Current {
  key: EncryptedKey;
  transformer: ExtendedNonceGcm;
  /** In milliseconds of `now`. */
  expires: number;
}

export interface KmsProviderOptions {
  name: string;
  service: KmsService;
  /** A clock that only runs forward, in milliseconds. */
  now: () => number;
}

/**
 * Envelope encryption: values are encrypted under keys that come from a seed, the service encrypts the seed. A seed is made
 * when the service has another key than before, and at each start. Source: `kmsv2/envelope.go` of `k8s.io/apiserver`.
 */
export class KmsProvider implements Transformer {
  readonly name: string;
  readonly #service: KmsService;
  readonly #now: () => number;
  readonly #keys = new KeyCache();
  #current: Current | undefined;
  #version: string | undefined;
  /** Why it is not well; undefined when it was at the last look. */
  fault: string | undefined = 'it was not asked yet';

  constructor({ name, service, now }: KmsProviderOptions) {
    this.name = name;
    this.#service = service;
    this.#now = now;
  }

  /** Asks how the service is and under which key, and makes a new seed when that has changed. Never rejects: see `fault`. */
  async check(): Promise<void> {
    const asked = this.#now();
    let status: KmsStatus;
    try {
      status = await this.#service.status();
    } catch (error) {
      const what = 'failed to perform status section of the healthz check for KMS Provider';
      this.fault = `${what} ${this.name}, error: ${reasonOf(error)}`;
      return;
    }
    const faults = this.#faultsOf(status);
    const wrongId = keyIdFault(status.keyId);
    if (wrongId) faults.push(`got invalid KMSv2 KeyID hash "${hashOf(status.keyId)}": ${wrongId}`);
    else {
      try {
        await this.#follow(status.keyId, asked + writtenForMs);
      } catch (error) {
        faults.push(reasonOf(error));
      }
    }
    const all = faults.length > 1 ? `[${faults.join(', ')}]` : faults[0];
    this.fault = all === undefined ? undefined : `kmsv2 Provider ${this.name} is not healthy, error: ${all}`;
  }

  read(stored: Buffer, key: string): Reading | Promise<Reading> {
    const object = decodeObject(stored);
    const current = this.#known();
    const isStale =
      object.keyID !== current.key.keyID || object.encryptedDEKSourceType !== current.key.encryptedDEKSourceType;
    const read = (transformer: Transformer) => {
      const { value } = transformer.read(object.encryptedData, key) as Reading;
      return { value, isStale };
    };
    const id = cacheKey(object);
    const known = this.#keys.get(id);
    if (known) return read(known);
    return this.#keys
      .fetch(id, () => this.#ask(object))
      .then((transformer) => {
        const reading = read(transformer);
        // Only a key that has proved good: the service may have answered anything.
        this.#keys.keep(id, transformer);
        return reading;
      });
  }

  write(value: Buffer, key: string): Buffer {
    const { key: under, transformer, expires } = this.#known();
    if (this.#now() > expires) {
      const since = `its key ID hash "${hashOf(under.keyID)}" could not be confirmed for ${writtenForMs / 1000} s`;
      throw new Error(
        `KMS provider ${this.name}: nothing can be encrypted, since ${since}: ${this.fault ?? 'no answer'}`,
      );
    }
    return encodeObject({ ...under, encryptedData: transformer.write(value, key) });
  }

  close(): void {
    this.#service.close();
  }

  #known(): Current {
    if (this.#current) return this.#current;
    throw new Error(`KMS provider ${this.name} was not well since the start: ${this.fault}`);
  }

  #faultsOf({ healthz, version }: KmsStatus): string[] {
    const faults: string[] = [];
    if (healthz !== 'ok') faults.push(`got unexpected healthz status: ${healthz}`);
    if (version !== 'v2' && version !== 'v2beta1') {
      faults.push(`expected KMSv2 API version v2, got ${version}`);
      return faults;
    }
    this.#version ??= version;
    if (version !== this.#version) {
      const first = this.#version;
      faults.push(
        `KMSv2 API version should not change after the initial status response version ${first}, got ${version}`,
      );
    }
    return faults;
  }

  /** Goes on under the same key, or begins a new seed under another; on any fault what was current stays, until it expires. */
  async #follow(keyId: string, expires: number): Promise<void> {
    if (this.#current?.key.keyID === keyId) {
      this.#current.expires = expires;
      return;
    }
    const failed = (why: string) => new Error(`failed to rotate DEK: ${why} (statusKeyIDHash="${hashOf(keyId)}")`);
    const seed = randomBytes(seedSize);
    const key = await this.#encrypted(seed).catch((error) => {
      throw failed(reasonOf(error));
    });
    if (key.keyID !== keyId) throw failed(`it encrypts under another key, encryptKeyIDHash="${hashOf(key.keyID)}"`);
    const transformer = new ExtendedNonceGcm(seed);
    this.#keys.keep(cacheKey(key), transformer);
    this.#current = { key, transformer, expires };
  }

  /** What cannot be decrypted again must not be written under. */
  async #encrypted(seed: Buffer): Promise<EncryptedKey> {
    const { ciphertext, keyId, annotations } = await this.#service.encrypt(seed);
    const key: EncryptedKey = {
      keyID: keyId,
      encryptedDEKSource: ciphertext,
      annotations,
      encryptedDEKSourceType: sourceType.seed,
    };
    checkKey(key);
    const again = await this.#service.decrypt({ ciphertext, keyId, annotations });
    if (!seed.equals(again)) throw new Error('it does not decrypt what it has encrypted');
    return key;
  }

  async #ask({ encryptedDEKSource: ciphertext, keyID, annotations, ...rest }: EncryptedObject): Promise<Transformer> {
    const source = await this.#service.decrypt({ ciphertext, keyId: keyID, annotations }).catch((error) => {
      throw new Error(`failed to decrypt DEK, error: ${reasonOf(error)}`, { cause: error });
    });
    if (rest.encryptedDEKSourceType === sourceType.seed) return new ExtendedNonceGcm(source);
    if (![16, 24, 32].includes(source.length)) throw new Error(`crypto/aes: invalid key size ${source.length}`);
    return new AesGcm(source);
  }
}

/** A key's id may say what nobody outside should know. */
function hashOf(keyId: string): string {
  return keyId === '' ? '' : `sha256:${createHash('sha256').update(keyId).digest('hex')}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
