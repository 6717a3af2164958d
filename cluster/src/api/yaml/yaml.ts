import { BerthError } from '@berth/kube/errors';
import { badRequest } from '../faults.ts';
import { type Converted, convert } from './convert.ts';
import { Lane, type LaneLimits, type Result } from './lane.ts';

/** Texts up to this length take less than the 10 ms that one request may hold all others. */
const inlineLength = 4096;

export interface YamlLimits {
  reading: LaneLimits;
  writing: LaneLimits;
}

const limits: YamlLimits = {
  reading: { limitMs: 8000, waiting: 12 * 1024 * 1024 },
  writing: { limitMs: 20_000, waiting: 64 * 1024 * 1024 },
};

/**
 * Reads and writes YAML without holding up everybody else: a megabyte of it takes a second, so all but small texts go to
 * threads, one for each direction. A thread begins with the first of them.
 */
export class Yaml {
  readonly #reading: Lane;
  readonly #writing: Lane;

  constructor({ reading, writing }: YamlLimits = limits) {
    this.#reading = new Lane('toJson', reading);
    this.#writing = new Lane('toYaml', writing);
  }

  /**
   * What the text stands for, as JSON. Throws `BadRequest` that names the line, `RequestEntityTooLarge` when it takes too
   * long to read, `TooManyRequests` when too much is waiting.
   */
  async toJson(text: string): Promise<Converted> {
    if (text.length > inlineLength) return resultOf(await this.#reading.convert(text));
    try {
      return convert('toJson', text);
    } catch (error) {
      return resultOf({ problem: (error as Error).message });
    }
  }

  /** JSON as YAML. */
  async fromJson(json: string): Promise<string> {
    if (json.length <= inlineLength) return convert('toYaml', json).text;
    return resultOf(await this.#writing.convert(json)).text;
  }

  async close(): Promise<void> {
    await Promise.all([this.#reading.close(), this.#writing.close()]);
  }
}

function resultOf(result: Result): Converted {
  if ('converted' in result) return result.converted;
  throw result.isTooLong ? new BerthError('RequestEntityTooLarge', result.problem) : badRequest(result.problem);
}
