import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import type { User } from '../../types.ts';
import { defaultIssuer } from '../service-accounts.ts';
import { usualPace } from './issuer.ts';
import { Issuers } from './issuers.ts';
import { type LoadedAuthentication, loadAuthentication } from './load.ts';
import { authenticationMetrics, type Reloads } from './metrics.ts';
import type { AuthenticationFile, Pace } from './options.ts';
import type { AnonymousAuthentication } from './types.ts';

export interface ConfiguredOptions extends AuthenticationFile {
  /** The issuer of the server's own tokens. */
  own: string;
  now: () => Date;
  logger: Logger;
}

const ofFile = { fileMs: 10_000, probationMs: 60_000, probeMs: 100 };
/** Of tokens that were refused, one a second is told of, whoever sends how many. */
const tellMs = 1000;

/**
 * Sign-on by the tokens of other issuers, as an AuthenticationConfiguration in a file says. When the file changes it is read again: what is wrong
 * with it is logged and counted, and nothing changes; else it counts once all its issuers have answered. Source: `authentication.go` of
 * `k8s.io/kubernetes/pkg/kubeapiserver/options`.
 */
export class ConfiguredAuthentication {
  /** Where nobody in particular may ask; absent when the file does not say. Stays as it was at the start. */
  readonly anonymous: AnonymousAuthentication | undefined;
  readonly #options: ConfiguredOptions;
  readonly #pace: Pace;
  readonly #reloads: Reloads = { success: { count: 0 }, failure: { count: 0 } };
  #issuers: Issuers;
  #hash: string;
  /** Of the last file that can never count: it is not tried again. */
  #refused: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #told = Number.NEGATIVE_INFINITY;
  #untold = 0;
  #isOver = false;

  /** Throws `Invalid` when the file cannot be read or is not valid. */
  constructor(options: ConfiguredOptions) {
    this.#options = options;
    this.#pace = { ...usualPace, ...ofFile, ...options.pace };
    const { loaded, hash } = readAuthentication(options.file, options.own);
    this.anonymous = loaded.configuration.anonymous;
    this.#hash = hash;
    this.#issuers = this.#issuersOf(loaded);
    for (const remark of loaded.remarks) options.logger.warn({ file: options.file }, remark);
  }

  /** Begins to fetch keys and to follow the file; resolves when each issuer has been asked once. */
  async start(): Promise<void> {
    this.#waitForFile();
    await this.#issuers.start();
  }

  /** The user of a token of one of the issuers; undefined when it is of none of them, or not good. */
  async authenticate(token: string): Promise<User | undefined> {
    try {
      return await this.#issuers.authenticate(token);
    } catch (error) {
      this.#tell((error as Error).message);
      return undefined;
    }
  }

  /** Lines in Prometheus' format. */
  metrics(): string[] {
    return authenticationMetrics({ reloads: this.#reloads, hash: this.#hash, keys: this.#issuers.keys });
  }

  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#issuers.close();
  }

  #issuersOf({ configuration, expressions }: LoadedAuthentication): Issuers {
    const { now, logger, fetch } = this.#options;
    return new Issuers(configuration.jwt, expressions, { now, logger, fetch, pace: this.#pace });
  }

  #tell(why: string): void {
    const now = performance.now();
    this.#untold++;
    if (now - this.#told < tellMs) return;
    this.#options.logger.warn({ why, tokens: this.#untold }, 'a token was refused');
    this.#told = now;
    this.#untold = 0;
  }

  #waitForFile(): void {
    if (this.#isOver) return;
    const { file, logger } = this.#options;
    this.#timer = setTimeout(async () => {
      try {
        await this.#readAgain();
      } catch (error) {
        count(this.#reloads.failure, this.#options.now());
        logger.error({ err: error, file }, 'the authentication configuration was changed and does not count');
      }
      this.#waitForFile();
    }, this.#pace.fileMs).unref();
  }

  async #readAgain(): Promise<void> {
    const { file, own, logger, now } = this.#options;
    const text = read(file);
    const hash = hashOf(text);
    if (hash === this.#hash || hash === this.#refused) return;
    let loaded: LoadedAuthentication;
    try {
      loaded = loadAuthentication(text, { own, anonymous: { was: this.anonymous } });
    } catch (error) {
      this.#refused = hash;
      throw error;
    }
    const next = this.#issuersOf(loaded);
    try {
      await this.#probe(next);
    } catch (error) {
      await next.close();
      throw error;
    }
    const former = this.#issuers;
    this.#issuers = next;
    this.#hash = hash;
    this.#refused = undefined;
    count(this.#reloads.success, now());
    for (const remark of loaded.remarks) logger.warn({ file }, remark);
    logger.info({ file }, 'the authentication configuration was read again');
    await former.close();
  }

  async #probe(issuers: Issuers): Promise<void> {
    const until = performance.now() + this.#pace.probationMs;
    await issuers.start();
    while (issuers.faults.length > 0) {
      if (this.#isOver || performance.now() > until)
        throw new BerthError('ServiceUnavailable', `issuers do not answer: ${issuers.faults.join(', ')}`);
      await delay(this.#pace.probeMs);
    }
  }
}

function count(series: Reloads['success'], now: Date): void {
  series.count++;
  series.last = now.getTime();
}

/** What a file says, for those as well who only want to know whether it can count. Throws `Invalid`. */
export function readAuthentication(file: string, own = defaultIssuer): { loaded: LoadedAuthentication; hash: string } {
  const text = read(file);
  return { loaded: loadAuthentication(text, { own }), hash: hashOf(text) };
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BerthError('Invalid', (cause as Error).message, { cause });
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
