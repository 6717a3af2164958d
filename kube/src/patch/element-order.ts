import { sameData } from './data.ts';

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
  const position = (list: readonly unknown[], item: unknown) =>
    list.findIndex((other) => sameData(identity(other), identity(item)));
  const inOrder = (list: readonly unknown[], by: readonly unknown[]) =>
    list
      .map((item) => ({ item, at: position(by, item) }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  const named = inOrder(
    items.filter((item) => position(order, item) >= 0),
    order,
  );
  const rest = inOrder(
    items.filter((item) => position(order, item) < 0),
    live,
  );
  const result: unknown[] = [];
  while (named.length > 0 && rest.length > 0) {
    const [r, n] = [position(live, rest[0]), position(live, named[0])];
    result.push(r >= 0 && n >= 0 && r < n ? rest.shift() : named.shift());
  }
  return [...result, ...rest, ...named];
}
