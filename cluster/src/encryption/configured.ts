import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import type { KmsConfiguration } from './configuration/index.ts';
import { connectKms, type KmsPace, KmsProvider, type KmsServiceFactory, socketOf, watchKms } from './kms/index.ts';
import { loadRules } from './load.ts';
import type { Rules } from './rules.ts';

export interface ConfiguredOptions {
  file: string;
  /** Whether changes of the file count while Berth runs. */
  reload: boolean;
  logger: Logger;
  connect?: KmsServiceFactory;
  /** How often the file and the services are looked at. */
  pace?: Pace;
}

export interface Pace extends KmsPace {
  fileMs: number;
}

/** As `EncryptionConfigFileChangePollDuration` of kube-apiserver. */
const fileMs = 60_000;
/** New services get this time, or twice that of a call to each of them, to be well before they count. */
const leastProbationMs = 10_000;
const probeMs = 100;

/** What an EncryptionConfiguration says, and the services that it leads to. */
interface Loaded {
  rules: Rules;
  providers: KmsProvider[];
  /** Of the file. */
  hash: string;
  /** How long a request may still wait for one of the services. */
  graceMs: number;
  stop: () => void;
}

/**
 * The rules of an EncryptionConfiguration in a file. When it is read again, what is wrong with it is logged and nothing changes; services
 * that it leads to count once all of them are well. Source: `encryptionconfig` and its `controller` of `k8s.io/apiserver`.
 */
export class Configured {
  readonly #options: ConfiguredOptions;
  #loaded: Loaded;
  #timer: NodeJS.Timeout | undefined;
  #changed: (what: 'rules' | 'keys') => void = () => {};
  #isOver = false;

  private constructor(options: ConfiguredOptions, loaded: Loaded) {
    this.#options = options;
    this.#loaded = loaded;
  }

  /** Resolves when every service has been asked once, well or not. Rejects with `BadRequest` as `loadRules`, or `NotFound`. */
  static async open(options: ConfiguredOptions): Promise<Configured> {
    const loaded = load(options);
    await Promise.all(loaded.providers.map((provider) => provider.check()));
    return new Configured(options, loaded);
  }

  get rules(): Rules {
    return this.#loaded.rules;
  }

  get providers(): readonly KmsProvider[] {
    return this.#loaded.providers;
  }

  /** Follows the services, and the file if that is wanted; `changed` is told of new rules, and when a service is well. */
  follow(changed: (what: 'rules' | 'keys') => void): void {
    this.#changed = changed;
    this.#watch(this.#loaded);
    if (this.#options.reload) this.#waitForFile();
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    end(this.#loaded);
  }

  #watch(loaded: Loaded): void {
    const stops = loaded.providers.map((provider) =>
      watchKms(provider, () => this.#changed('keys'), this.#options.pace),
    );
    loaded.stop = () => {
      for (const stop of stops) stop();
    };
  }

  #waitForFile(): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(() => {
      this.#readAgain()
        .catch((error) => {
          const { file, logger } = this.#options;
          logger.error({ err: error, file }, 'the encryption configuration was changed and does not count');
        })
        .finally(() => this.#waitForFile());
    }, this.#options.pace?.fileMs ?? fileMs);
    this.#timer.unref();
  }

  async #readAgain(): Promise<void> {
    if (hashOf(read(this.#options.file)) === this.#loaded.hash) return;
    const next = load(this.#options);
    try {
      await this.#probe(next);
    } catch (error) {
      end(next);
      throw error;
    }
    if (this.#isOver) return end(next);
    const former = this.#loaded;
    this.#loaded = next;
    this.#watch(next);
    this.#changed('rules');
    this.#options.logger.info({ file: this.#options.file }, 'the encryption configuration was read again');
    former.stop();
    setTimeout(() => end(former), former.graceMs).unref();
  }

  async #probe({ providers, graceMs }: Loaded): Promise<void> {
    const until = performance.now() + Math.max(leastProbationMs, graceMs);
    for (;;) {
      await Promise.all(providers.map((provider) => provider.check()));
      const faults = providers.flatMap(({ fault }) => fault ?? []);
      if (faults.length === 0 || this.#isOver) return;
      if (performance.now() > until) {
        throw new BerthError('ServiceUnavailable', `health check for new transformers failed: ${faults.join(', ')}`);
      }
      await delay(probeMs);
    }
  }
}

function load({ file, reload, connect = connectKms }: ConfiguredOptions): Loaded {
  const text = read(file);
  const providers: KmsProvider[] = [];
  let graceMs = 0;
  const openKms = ({ name, endpoint, timeout }: KmsConfiguration) => {
    const timeoutMs = Math.max(1, timeout / 1_000_000);
    const service = connect(socketOf(endpoint), timeoutMs);
    const provider = new KmsProvider({ name, service, now: () => performance.now() });
    providers.push(provider);
    graceMs += 2 * timeoutMs;
    return provider;
  };
  try {
    const rules = loadRules(text, { file, reload, openKms });
    return { rules, providers, hash: hashOf(text), graceMs, stop: () => {} };
  } catch (error) {
    for (const provider of providers) provider.close();
    throw error;
  }
}

function end({ providers, stop }: Loaded): void {
  stop();
  for (const provider of providers) provider.close();
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    const message = `the encryption configuration ${file} cannot be read (${code}): name another with --encryption-provider-config`;
    throw new BerthError('NotFound', message, { cause });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
