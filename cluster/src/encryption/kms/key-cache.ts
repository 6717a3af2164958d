import type { Transformer } from '../transformer.ts';

/** There are about as many as starts of the server and keys of the service since everything was last rewritten. */
const mostKeys = 1000;

/** Keys that the service has decrypted, those that were used last; each is asked for once, however many wait for it. */
export class KeyCache {
  readonly #most: number;
  /** Least recently used first. */
  readonly #known = new Map<string, Transformer>();
  readonly #asked = new Map<string, Promise<Transformer>>();

  constructor(most: number = mostKeys) {
    this.#most = most;
  }

  get(id: string): Transformer | undefined {
    const found = this.#known.get(id);
    if (found) this.keep(id, found);
    return found;
  }

  keep(id: string, key: Transformer): void {
    this.#known.delete(id);
    this.#known.set(id, key);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
  }

  /** What `ask` answers, which is called once for all who want it at the same time. It is not kept. */
  fetch(id: string, ask: () => Promise<Transformer>): Promise<Transformer> {
    const asked = this.#asked.get(id);
    if (asked) return asked;
    const asking = ask().finally(() => this.#asked.delete(id));
    this.#asked.set(id, asking);
    return asking;
  }
}
