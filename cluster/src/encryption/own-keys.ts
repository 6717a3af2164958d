import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { BerthError } from '@berth/kube/errors';
import { writeWhole } from '../write-whole.ts';
import type { EncryptionConfiguration, Key } from './configuration/types.ts';

const secretBytes = 32;

/**
 * The keys that Berth makes for itself, in a file of its data directory that only its owner may read. The file is an
 * EncryptionConfiguration that kube-apiserver takes as well. The first key writes. There is more than one only while
 * what the others wrote is being rewritten.
 */
export class OwnKeys {
  readonly file: string;
  #keys: readonly Key[];

  private constructor(file: string, keys: readonly Key[]) {
    this.file = file;
    this.#keys = keys;
  }

  /** Undefined when there is no such file. Throws `InternalError` that names it when it is damaged. */
  static read(file: string): OwnKeys | undefined {
    if (!existsSync(file)) return undefined;
    let keys: readonly Key[];
    try {
      const { resources } = JSON.parse(readFileSync(file, 'utf8')) as EncryptionConfiguration;
      keys = resources[0]?.providers[0]?.aesgcm?.keys ?? [];
    } catch {
      // Not the parser's words, which may show a part of a key.
      throw damaged(file);
    }
    const isWhole = ({ name, secret }: Key) =>
      /^[\w-]+$/.test(name) && typeof secret === 'string' && Buffer.from(secret, 'base64').length === secretBytes;
    if (keys.length === 0 || !keys.every(isWhole)) throw damaged(file);
    return new OwnKeys(file, keys);
  }

  static async make(file: string, now: Date): Promise<OwnKeys> {
    const own = new OwnKeys(file, []);
    await own.add(now);
    return own;
  }

  /** The newest first. */
  get names(): readonly string[] {
    return this.#keys.map(({ name }) => name);
  }

  get configuration(): EncryptionConfiguration {
    return configurationOf(this.#keys);
  }

  /** Makes a key that writes from now on; the others go on reading. It is durable before anything is written under it. */
  async add(now: Date): Promise<void> {
    const name = `berth-${now.toISOString().slice(0, 10)}-${randomBytes(4).toString('hex')}`;
    await this.#keep([{ name, secret: randomBytes(secretBytes).toString('base64') }, ...this.#keys]);
  }

  /** Forgets all keys but the one that writes: nothing that was written under another must be left. */
  async retire(): Promise<void> {
    await this.#keep(this.#keys.slice(0, 1));
  }

  async #keep(keys: readonly Key[]): Promise<void> {
    await writeWhole(this.file, `${JSON.stringify(configurationOf(keys), null, 2)}\n`, 0o600);
    this.#keys = keys;
  }
}

function configurationOf(keys: readonly Key[]): EncryptionConfiguration {
  const providers = [{ aesgcm: { keys: [...keys] } }, { identity: {} }];
  return {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'EncryptionConfiguration',
    resources: [{ resources: ['secrets'], providers }],
  };
}

function damaged(file: string): BerthError {
  const message = `${file}, which holds the key of this cluster's Secrets, is damaged: put it back from a backup`;
  return new BerthError('InternalError', message, { retryable: false });
}
