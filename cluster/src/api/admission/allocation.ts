interface Range {
  /** Both ends included. */
  from: number;
  to: number;
  /** So many at the beginning are for those who ask for one: others get them only when nothing else is left. */
  reserved: number;
  /** The range as people write it. */
  shown: string;
}

/** Hands out numbers of a range, each to one holder at a time. Everything happens in one turn, so no two callers meet. */
export class Allocation {
  readonly #range: Range;
  readonly #used = new Set<number>();
  /** How far the search for a free one has come, behind the reserved ones. */
  #next: number;

  /** `start`: where behind the reserved ones the search begins. */
  constructor(range: Range, start = 0) {
    this.#range = range;
    this.#next = start;
  }

  get shown(): string {
    return this.#range.shown;
  }

  has(value: number): boolean {
    return value >= this.#range.from && value <= this.#range.to;
  }

  /** Whether `value` was free; it is taken now. */
  take(value: number): boolean {
    if (this.#used.has(value)) return false;
    this.#used.add(value);
    return true;
  }

  /** A free one, or undefined when all are taken. */
  takeAny(): number | undefined {
    const { from, reserved } = this.#range;
    const others = this.#size - reserved;
    for (let tries = 0; tries < others; tries++) {
      const value = from + reserved + (this.#next++ % others);
      if (this.take(value)) return value;
    }
    for (let value = from; value < from + reserved; value++) if (this.take(value)) return value;
    return undefined;
  }

  /** How many are left. */
  get free(): number {
    return this.#size - this.#used.size;
  }

  get #size(): number {
    return this.#range.to - this.#range.from + 1;
  }

  release(value: number): void {
    this.#used.delete(value);
  }
}

/**
 * How many of a range are for those who ask for one: a share of it within limits, none of one that is smaller than the least.
 * Source: Kubernetes' KEP-3070 (addresses of services) and KEP-3668 (node ports).
 */
export function staticBand(
  size: number,
  { least, most, share }: { least: number; most: number; share: number },
): number {
  return size <= least ? 0 : Math.min(Math.max(least, Math.floor(size / share)), most);
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
