import { Demand } from './demand.ts';
import { deal, isDealable } from './hand.ts';
import type { Borrower, Limits, Smoothed } from './limits.ts';
import { QueueSet } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import type { PriorityLevel, PriorityLevelSpec } from './types.ts';

/** Hands that are kept; dealing one costs a hash. */
const keptHands = 4096;

/** A priority level in use. */
export class Level implements Borrower {
  readonly name: string;
  readonly seen: Demand;
  readonly queues: QueueSet;
  readonly retryAfter = new RetryAfter();
  readonly #hands = new Map<string, readonly number[]>();
  uid = '';
  spec: PriorityLevelSpec;
  /** Nobody wants it any more; it goes when it is empty. */
  isQuiescing = false;
  nominal = 0;
  lower = 0;
  upper = 0;
  maxSeats = 0;
  current = 0;
  target = 0;
  /** Of requests since the start. */
  readonly totals = { dispatched: 0, refused: 0, timedOut: 0 };
  demand: Smoothed = { average: 0, deviation: 0, most: 0, smoothed: 0 };

  constructor({ metadata: { name }, spec }: PriorityLevel, now: number) {
    this.name = name;
    this.spec = spec;
    this.seen = new Demand(now);
    this.queues = new QueueSet(this.seen, now);
  }

  get isExempt(): boolean {
    return this.spec.type === 'Exempt';
  }

  describe({ metadata: { uid = '' }, spec }: PriorityLevel): void {
    this.uid = uid;
    this.spec = spec;
    this.#hands.clear();
    this.isQuiescing = false;
  }

  limit({ nominal, lower, upper, maxSeats }: Limits): void {
    Object.assign(this, { nominal, lower, upper, maxSeats });
  }

  /** Takes up its description and how many seats it has now. */
  configure(now: number): void {
    const queuing = this.spec.limited?.limitResponse.queuing;
    this.queues.configure({ queuing, isExempt: this.isExempt, seats: this.current }, now);
  }

  /** The queues that a flow may use. `hash` is asked for once. */
  hand(flow: string, hash: () => bigint): readonly number[] {
    const known = this.#hands.get(flow);
    if (known) return known;
    const { queues, handSize } = this.spec.limited?.limitResponse.queuing ?? { queues: 1, handSize: 1 };
    const hand = deal(hash(), queues, handSize);
    if (this.#hands.size >= keptHands) this.#hands.clear();
    this.#hands.set(flow, hand);
    return hand;
  }
}

/** Whether a description can be used; one that cannot is as if it were not there. Source: `queueSetCompleterForPL`. */
export function isUsable({ metadata: { name }, spec }: PriorityLevel): boolean {
  const { type, limited, exempt } = spec;
  if ((type === 'Limited') !== (limited !== undefined) || (type === 'Exempt') !== (exempt !== undefined)) return false;
  if ((type === 'Exempt') !== (name === 'exempt')) return false;
  if (!limited) return true;
  const { type: response, queuing } = limited.limitResponse;
  if ((response === 'Reject') !== (queuing === undefined)) return false;
  return queuing === undefined || queuing.queues < 1 || isDealable(queuing.queues, queuing.handSize);
}
