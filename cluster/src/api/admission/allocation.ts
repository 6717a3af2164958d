/** Hands out numbers of a range, each to one holder at a time. Everything happens in one turn, so no two callers meet. */
export class Allocation {
  readonly #from: number;
  readonly #to: number;
  /** The range as people write it. */
  readonly shown: string;
  readonly #used = new Set<number>();
  #next: number;

  /** Both ends included; `start` is where the search for a free one begins. */
  constructor({ from, to, start, shown }: { from: number; to: number; start: number; shown: string }) {
    this.shown = shown;
    this.#from = from;
    this.#to = to;
    this.#next = start;
  }

  has(value: number): boolean {
    return value >= this.#from && value <= this.#to;
  }

  /** Whether `value` was free; it is taken now. */
  take(value: number): boolean {
    if (this.#used.has(value)) return false;
    this.#used.add(value);
    return true;
  }

  /** A free one, or undefined when all are taken. */
  takeAny(): number | undefined {
    const size = this.#to - this.#from + 1;
    for (let tries = 0; tries < size; tries++) {
      const value = this.#from + ((this.#next++ - this.#from) % size);
      if (this.take(value)) return value;
    }
    return undefined;
  }

  /** How many are left. */
  get free(): number {
    return this.#to - this.#from + 1 - this.#used.size;
  }

  release(value: number): void {
    this.#used.delete(value);
  }
}

/** The number of an IPv4 address. */
export function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function ipv4Text(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** First and last usable address of an IPv4 CIDR. */
export function ipv4Range(cidr: string): { from: number; to: number } {
  const [address = '', bits = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  const network = Math.floor(ipv4Number(address) / size) * size;
  return { from: network + 1, to: network + size - 2 };
}
