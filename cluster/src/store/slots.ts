import type { Revision, StoredEntry } from './types.ts';

/**
 * One key and what is known of it in memory. `versions` stands only while something of the key's past can still be
 * asked for: first the revision that was current at the last compaction (0: the key did not exist), then every later
 * change, negative for a deletion.
 */
export interface Slot {
  readonly key: string;
  readonly order: string;
  entry: StoredEntry | undefined;
  versions: Revision[] | undefined;
}

const largestBlock = 512;

/** Slots in order, in blocks of a few hundred: an insertion moves one block, not the whole array. */
export class SlotIndex {
  readonly #blocks: Slot[][] = [];

  find(order: string): Slot | undefined {
    const block = this.#blocks[this.#blockOf(order)];
    const slot = block?.[lowerBound(block, order)];
    return slot?.order === order ? slot : undefined;
  }

  /** The order must not be in the index yet. */
  insert(slot: Slot): void {
    const at = this.#blockOf(slot.order);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([slot]);
      return;
    }
    block.splice(lowerBound(block, slot.order), 0, slot);
    if (block.length > largestBlock) {
      // Keys that arrive in order (a load, a sequence of names) leave full blocks behind, not half-empty ones.
      const appended = at === this.#blocks.length - 1 && block[block.length - 1] === slot;
      this.#blocks.splice(at + 1, 0, block.splice(appended ? largestBlock : largestBlock >> 1));
    }
  }

  remove(order: string): void {
    const at = this.#blockOf(order);
    const block = this.#blocks[at];
    if (block === undefined) return;
    const position = lowerBound(block, order);
    if (block[position]?.order !== order) return;
    block.splice(position, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Visits slots with `from <= order < to`, in order. */
  scan(from: string, to: string, visit: (slot: Slot) => void): void {
    for (let at = this.#blockOf(from); at < this.#blocks.length; at++) {
      const block = this.#blocks[at] as Slot[];
      const first = (block[0] as Slot).order < from ? lowerBound(block, from) : 0;
      for (let position = first; position < block.length; position++) {
        const slot = block[position] as Slot;
        if (slot.order >= to) return;
        visit(slot);
      }
    }
  }

  /** The last block whose first slot is not after `order`; 0 when there is none. */
  #blockOf(order: string): number {
    let low = 0;
    let high = this.#blocks.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (((this.#blocks[middle] as Slot[])[0]?.order as string) > order) high = middle;
      else low = middle;
    }
    return low;
  }
}

function lowerBound(block: readonly Slot[], order: string): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block[middle] as Slot).order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}
