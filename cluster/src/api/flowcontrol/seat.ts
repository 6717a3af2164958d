import { BerthError } from '@berth/kube/errors';
import { PlainError } from '../faults.ts';
import type { FlowCounts, Refusal } from './counts.ts';
import type { Level } from './level.ts';
import { type Entry, type Queued, QueueSet } from './queue-set.ts';
import type { Digest } from './types.ts';

/** What a request was taken for. */
export interface Classified {
  level: Level;
  counts: FlowCounts;
  schemaUid: string;
  /** What tells its flow apart from the others of its schema. */
  flow: string;
}

/** A request's place: it waits for it, has it, and gives it back. */
export class Seat implements Queued {
  readonly classified: Classified;
  readonly digest: Digest;
  readonly seats: number;
  readonly #clock: () => number;
  #entry: Entry | undefined;
  #isGranted = false;
  #isOver = false;
  #leaving: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  constructor(classified: Classified, digest: Digest, seats: number, clock: () => number) {
    this.classified = classified;
    this.digest = digest;
    this.seats = seats;
    this.#clock = clock;
  }

  /** Takes its place, or one in a queue. Throws `TooManyRequests` when there is none. */
  take(hand: () => readonly number[]): void {
    const { level, counts } = this.classified;
    counts.seats.add(this.seats);
    counts.waiting++;
    counts.seatsWaiting += this.seats;
    const entry = level.queues.arrive(this, hand, this.#clock());
    if (!entry) throw this.#refused(level.spec.limited?.limitResponse.queuing ? 'queue-full' : 'concurrency-limit');
    this.#entry = entry;
    if (entry.queue) counts.lengths.add(QueueSet.lengthOf(entry));
    if (this.#isGranted && !level.isExempt) counts.waited.add(0);
  }

  granted(): void {
    const { counts, level } = this.classified;
    this.#isGranted = true;
    counts.waiting--;
    counts.seatsWaiting -= this.seats;
    counts.dispatched++;
    level.totals.dispatched++;
    counts.executing++;
    counts.seatsExecuting += this.seats;
    this.#wake?.();
  }

  postponed(): void {
    this.classified.counts.postponed++;
  }

  get isWaiting(): boolean {
    return !this.#isGranted && !this.#isOver;
  }

  get uids(): { schema: string; level: string } {
    return { schema: this.classified.schemaUid, level: this.classified.level.uid };
  }

  /**
   * Resolves when it may be served. `TooManyRequests` when that takes longer than `milliseconds`, `ServiceUnavailable`
   * when `gone` is aborted before.
   */
  async wait(milliseconds: number, gone: AbortSignal): Promise<void> {
    const { counts, level } = this.classified;
    const entry = this.#entry as Entry;
    const leave = () => this.#wake?.();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(leave, milliseconds);
      gone.addEventListener('abort', leave);
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        gone.removeEventListener('abort', leave);
        resolve();
      };
      if (gone.aborted) leave();
    });
    const now = this.#clock();
    const seconds = (now - entry.arrivedAt) / 1e9;
    if (this.#isGranted) {
      counts.waited.add(seconds);
      return;
    }
    level.queues.giveUp(entry, now);
    counts.waitedInVain.add(seconds);
    // Of one who went away Kubernetes counts the same.
    const refusal = this.#refused('time-out');
    throw gone.aborted ? new BerthError('ServiceUnavailable', 'the client has gone') : refusal;
  }

  /** Gives its place back after a while, unless it has done so by then. */
  leaveIn(milliseconds: number): void {
    if (!this.#isOver) this.#leaving = setTimeout(() => this.done(), milliseconds);
  }

  /** Gives its place back; more than once is once. */
  done(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#leaving);
    if (!this.#isGranted) return;
    const { counts, level } = this.classified;
    const now = this.#clock();
    counts.executing--;
    counts.seatsExecuting -= this.seats;
    const entry = this.#entry as Entry;
    const histogram = this.digest.verb === 'watch' ? counts.tookToBegin : counts.took;
    histogram.add((now - (entry.startedAt ?? now)) / 1e9);
    level.queues.finish(entry, now);
  }

  #refused(why: Refusal): TooManyRequests {
    const { counts, level } = this.classified;
    this.#isOver = true;
    counts.waiting--;
    counts.seatsWaiting -= this.seats;
    counts.refuse(why);
    level.totals.refused++;
    if (why === 'time-out') level.totals.timedOut++;
    level.retryAfter.refused(Math.floor(this.#clock() / 1e9));
    return new TooManyRequests(level.retryAfter.seconds);
  }
}

/** That a request is not served now, and after how many seconds it may be. */
export class TooManyRequests extends PlainError {
  constructor(retryAfter: number) {
    const text = 'Too many requests, please try again later.';
    super('TooManyRequests', text, text, { retryAfterSeconds: retryAfter });
  }
}
