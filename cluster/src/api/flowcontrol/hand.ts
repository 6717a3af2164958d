import { createHash } from 'node:crypto';

/** The 64 bits that a flow's hand is dealt from. Source: `hashFlowID` of k8s.io/apiserver's `pkg/util/flowcontrol`. */
export function hashOf(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema}\0${distinguisher}`).digest().readBigUInt64LE(0);
}

/**
 * Shuffle sharding: `handSize` different queues of `deckSize`, always the same ones for the same hash. Source:
 * `pkg/util/shufflesharding` of k8s.io/apiserver.
 */
export function deal(hash: bigint, deckSize: number, handSize: number): number[] {
  const hand: number[] = [];
  const drawn: number[] = [];
  let rest = hash;
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i);
    drawn.push(Number(rest % left));
    rest /= left;
    // What was drawn before is not in the deck any more: those above it have moved down.
    let card = drawn[i] as number;
    for (let j = i; j > 0; j--) if (card >= (drawn[j - 1] as number)) card++;
    hand.push(card);
  }
  return hand;
}

/** Whether hands of that size can be dealt evenly from 60 bits. */
export function isDealable(deckSize: number, handSize: number): boolean {
  return handSize > 0 && handSize <= deckSize && Math.ceil(Math.log2(deckSize) * handSize) <= 60;
}
