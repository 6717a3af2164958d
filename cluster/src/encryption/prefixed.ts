import { type Reading, startsWith, type Transformer } from './transformer.ts';

export interface Prefixed {
  /** What its values begin with; empty for plain ones. */
  prefix: Buffer;
  transformer: Transformer;
}

/**
 * Several ways to keep a value, told apart by how it begins: the first writes, all read, and what another one than the
 * first has read is stale. Source: `NewPrefixTransformers` of `k8s.io/apiserver`.
 */
export class PrefixedTransformers implements Transformer {
  readonly list: readonly Prefixed[];
  readonly #unknown: string;

  /** `unknown`: what is said of a value that none of them could have written. */
  constructor(list: readonly Prefixed[], unknown: string) {
    this.list = list;
    this.#unknown = unknown;
  }

  read(stored: Buffer, key: string): Reading | Promise<Reading> {
    return this.#readFrom(0, stored, key, []);
  }

  write(value: Buffer, key: string): Buffer {
    const { prefix, transformer } = this.list[0] as Prefixed;
    const written = transformer.write(value, key);
    return prefix.length === 0 ? written : Buffer.concat([prefix, written]);
  }

  /** Two may have the same prefix, of which the second may read what the first cannot. */
  #readFrom(first: number, stored: Buffer, key: string, faults: string[]): Reading | Promise<Reading> {
    for (let at = first; at < this.list.length; at++) {
      const { prefix, transformer } = this.list[at] as Prefixed;
      if (!startsWith(stored, prefix)) continue;
      const failed = (error: unknown) => {
        // Plain or not is no fault: it may be another's.
        if (prefix.length > 0) faults.push(error instanceof Error ? error.message : String(error));
      };
      const read = ({ value, isStale }: Reading) => ({ value, isStale: isStale || at !== 0 });
      try {
        const reading = transformer.read(stored.subarray(prefix.length), key);
        if (!(reading instanceof Promise)) return read(reading);
        return reading.then(read, (error) => {
          failed(error);
          return this.#readFrom(at + 1, stored, key, faults);
        });
      } catch (error) {
        failed(error);
      }
    }
    const distinct = [...new Set(faults)];
    throw new Error(distinct.length > 1 ? `[${distinct.join(', ')}]` : (distinct[0] ?? this.#unknown));
  }
}
