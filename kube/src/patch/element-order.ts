import { identityOf } from './data.ts';

/** What decides about the places of a merged list's elements. */
export interface Ordering {
  /** What an element is known by. */
  identity(item: unknown): unknown;
  /** The order that the patch gives, outright or by how it lists them. */
  order: readonly unknown[];
  /** The list before the patch. */
  live: readonly unknown[];
}

/**
 * The elements that the patch orders in its order, and those it does not name where they stood among the others: one
 * of them goes before the patch's next element only when it stood before that.
 */
export function ordered(items: readonly unknown[], { identity, order, live }: Ordering): unknown[] {
  const placesIn = (list: readonly unknown[]) => {
    const places = new Map<unknown, number>();
    for (const [at, item] of list.entries()) {
      const known = identityOf(identity(item));
      if (!places.has(known)) places.set(known, at);
    }
    return (item: unknown) => places.get(identityOf(identity(item))) ?? -1;
  };
  const inPatch = placesIn(order);
  const inLive = placesIn(live);
  const placed = items.map((item) => ({ item, patched: inPatch(item), lived: inLive(item) }));
  const named = placed.filter(({ patched }) => patched >= 0).sort((a, b) => a.patched - b.patched);
  const rest = placed.filter(({ patched }) => patched < 0).sort((a, b) => a.lived - b.lived);
  const result: unknown[] = [];
  let [n, r] = [0, 0];
  while (n < named.length && r < rest.length) {
    const [before, after] = [rest[r] as Placed, named[n] as Placed];
    const restFirst = before.lived >= 0 && after.lived >= 0 && before.lived < after.lived;
    if (restFirst) r++;
    else n++;
    result.push((restFirst ? before : after).item);
  }
  return [...result, ...[...rest.slice(r), ...named.slice(n)].map(({ item }) => item)];
}

/** An element and its first place in the order and in the list before the patch; -1 when it is not there. */
interface Placed {
  item: unknown;
  patched: number;
  lived: number;
}
