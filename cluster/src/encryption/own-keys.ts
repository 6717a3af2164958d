import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { syncPath } from '../store/index.ts';
import { writeWhole } from '../write-whole.ts';
import { type EncryptionConfiguration, type Key, secretOf } from './configuration/index.ts';
import type { Prefixed } from './prefixed.ts';
import { providersOf, type Rules, rulesOf } from './rules.ts';

const secretBytes = 32;

/**
 * The keys that Berth makes for itself, in a file of its data directory that only its owner may read. The file is an
 * EncryptionConfiguration that kube-apiserver takes as well. The first key writes. There is more than one only while
 * what the others wrote is being rewritten, or cannot be read.
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

  get rules(): Rules {
    return rulesOf(configurationOf(this.#keys));
  }

  /** The keys alone, for values that were written under them. */
  get provider(): Prefixed {
    const [encrypted] = providersOf(this.rules, { group: '', resource: 'secrets' }) ?? [];
    return encrypted as Prefixed;
  }

  /** Makes a key that writes from now on; the others go on reading. It is durable before anything is written under it. */
  async add(now: Date): Promise<void> {
    const secret = randomBytes(secretBytes);
    const name = `berth-${now.toISOString().slice(0, 10)}-${markOf(secret)}`;
    await this.#keep([{ name, secret: secret.toString('base64') }, ...this.#keys]);
  }

  /** Forgets keys under which nothing is any more; `needed` are the names of those under which something is left that cannot be read. */
  async retire(needed: ReadonlySet<string>): Promise<void> {
    await this.#keep(this.#keys.filter(({ name }, at) => at === 0 || needed.has(name)));
  }

  async #keep(keys: readonly Key[]): Promise<void> {
    const type = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' };
    await writeWhole(this.file, `${JSON.stringify({ ...type, ...configurationOf(keys) }, null, 2)}\n`, 0o600);
    syncPath(dirname(this.file));
    this.#keys = keys;
  }
}

/** A key is recognized by its name: one that was changed is not taken for the one that wrote. */
function markOf(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 8);
}

function isWhole({ name, secret }: Key): boolean {
  const bytes = secretOf(String(secret));
  return bytes?.length === secretBytes && /^[\w-]+$/.test(name) && name.endsWith(`-${markOf(bytes)}`);
}

function configurationOf(keys: readonly Key[]): EncryptionConfiguration {
  const providers = [{ aesgcm: { keys: [...keys] } }, { identity: {} }];
  return { resources: [{ resources: ['secrets'], providers }] };
}

function damaged(file: string): BerthError {
  const message = `${file}, which holds the key of this cluster's Secrets, is damaged: put it back from a backup`;
  return new BerthError('InternalError', message, { retryable: false });
}
