/** The keys of one resource in order, so that a list or a namespace of it is one slice. */
export class SortedKeys {
  readonly #keys: string[] = [];

  get size(): number {
    return this.#keys.length;
  }

  add(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) {
      this.#keys.push(key);
      return;
    }
    const at = this.#lowerBound(key);
    if (this.#keys[at] !== key) this.#keys.splice(at, 0, key);
  }

  delete(key: string): void {
    const at = this.#lowerBound(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  /** All keys that start with `prefix`. */
  withPrefix(prefix: string): readonly string[] {
    const from = this.#lowerBound(prefix);
    if (this.#keys[this.#keys.length - 1]?.startsWith(prefix)) return from === 0 ? this.#keys : this.#keys.slice(from);
    let low = from;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string).startsWith(prefix)) low = middle + 1;
      else high = middle;
    }
    return this.#keys.slice(from, low);
  }

  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
