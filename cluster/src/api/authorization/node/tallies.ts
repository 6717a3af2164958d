/** How often each of many things leads to each of others; what leads nowhere takes no room. */
export class Tallies {
  readonly #counts = new Map<string, Map<string, number>>();

  add(from: string, to: string, by: 1 | -1): void {
    const counts = this.#counts.get(from) ?? new Map<string, number>();
    const count = (counts.get(to) ?? 0) + by;
    if (count > 0) counts.set(to, count);
    else counts.delete(to);
    if (counts.size > 0) this.#counts.set(from, counts);
    else this.#counts.delete(from);
  }

  has(from: string, to: string): boolean {
    return this.#counts.get(from)?.has(to) ?? false;
  }

  /** Whether `from` leads to something that `otherFrom` leads to as well among `others`; looks at the fewer of the two. */
  share(from: string, others: Tallies, otherFrom: string): boolean {
    const [own, theirs] = [this.#counts.get(from), others.#counts.get(otherFrom)];
    if (!own || !theirs) return false;
    const [fewer, more] = own.size < theirs.size ? [own, theirs] : [theirs, own];
    for (const to of fewer.keys()) if (more.has(to)) return true;
    return false;
  }
}
