import type { Demand } from './demand.ts';
import type { Queuing } from './types.ts';

/** How long a request is thought to take before it is known, in nanoseconds. */
const guessedNanoseconds = 3e6;

/** One request as far as queues are concerned. */
export interface Queued {
  /** How many it takes while it is served. */
  readonly seats: number;
  /** Is called once, when it may be served; perhaps before `arrive` has returned. */
  granted(): void;
  /** It would be next, but there are too few seats for it yet. */
  postponed(): void;
}

interface Queue {
  waiting: Entry[];
  executing: number;
  seatsInUse: number;
  /** Seats and work of all that wait. */
  seatsWaiting: number;
  work: number;
  /** At which progress its next request is served in the virtual world. */
  nextDispatch: number;
}

/** A request in a set: waiting, or being served. */
export interface Entry {
  readonly request: Queued;
  /** Absent of what never was in a queue. */
  readonly queue: Queue | undefined;
  readonly work: number;
  readonly arrivedAt: number;
  /** The progress at that time. */
  readonly arrival: number;
  startedAt: number | undefined;
}

/**
 * The queues of a priority level, and fair queuing between them: each gets the same share of the level's seats while it
 * has requests, whatever the others have. Times are in nanoseconds, work and progress in 1e-8 seat-seconds. Source: the
 * package `queueset` of k8s.io/apiserver, and KEP-1040.
 */
export class QueueSet {
  readonly #demand: Demand;
  readonly #queues: Queue[] = [];
  readonly #executing = new Set<Entry>();
  #queuing: Queuing | undefined;
  #isExempt = false;
  #limit = 0;
  /** The seat-time that each queue with requests was given since the start: R in KEP-1040. */
  #progress = 0;
  #syncedAt: number;
  /** Index of the queue that was served last. */
  #robin = 0;
  #arrivals = 0;
  #active = 0;
  #waiting = 0;
  #queuesWaiting = 0;
  #seatsWaiting = 0;
  #seatsInUse = 0;
  #seatsOfQueues = 0;

  constructor(demand: Demand, now: number) {
    this.#demand = demand;
    this.#syncedAt = now;
  }

  /** Without `queuing` what finds no seat is refused, unless `isExempt`, when everything has a seat. */
  configure(to: { queuing: Queuing | undefined; isExempt: boolean; seats: number }, now: number): void {
    this.#sync(now);
    this.#queuing = to.queuing;
    this.#isExempt = to.isExempt;
    this.#limit = to.seats;
    // Those that are too many go when they are empty.
    while (to.queuing && this.#queues.length < to.queuing.queues) this.#queues.push(newQueue());
    this.#dispatch(now);
  }

  /** Answers undefined to what is refused. `hand`: the queues that its flow may use; not asked for where there are none. */
  arrive(request: Queued, hand: () => readonly number[], now: number): Entry | undefined {
    this.#sync(now);
    if (!this.#queuing) {
      if (!this.#hasRoom(request.seats)) return undefined;
      const entry = this.#entry(request, undefined, now);
      this.#start(entry, now);
      return entry;
    }
    const queue = this.#choose(hand());
    if (this.#seatsInUse >= this.#limit && queue.waiting.length >= this.#queuing.queueLengthLimit) {
      boundNext(queue);
      return undefined;
    }
    const entry = this.#entry(request, queue, now);
    if (queue.waiting.length === 0) {
      if (queue.executing === 0) {
        queue.nextDispatch = this.#progress;
        this.#active++;
      }
      this.#queuesWaiting++;
    }
    queue.waiting.push(entry);
    queue.seatsWaiting += request.seats;
    queue.work += entry.work;
    this.#waiting++;
    this.#seatsWaiting += request.seats;
    this.#note(now);
    boundNext(queue);
    this.#dispatch(now);
    return entry;
  }

  /** Ends one that was being served. */
  finish(entry: Entry, now: number): void {
    if (!this.#executing.delete(entry)) return;
    this.#sync(now);
    const { request, queue } = entry;
    this.#seatsInUse -= request.seats;
    if (queue) {
      queue.executing--;
      const surplus = guessedNanoseconds - (now - (entry.startedAt as number));
      queue.nextDispatch -= workOf(request.seats, surplus);
      boundNext(queue);
      queue.seatsInUse -= request.seats;
      this.#seatsOfQueues -= request.seats;
      if (queue.executing === 0 && queue.waiting.length === 0) this.#emptied(queue);
    }
    this.#note(now);
    this.#dispatch(now);
  }

  /** Takes one that waits out of its queue. */
  giveUp(entry: Entry, now: number): void {
    const queue = entry.queue as Queue;
    const at = queue.waiting.indexOf(entry);
    if (at < 0) return;
    this.#sync(now);
    this.#leave(queue, at);
    boundNext(queue);
    if (queue.executing === 0 && queue.waiting.length === 0) this.#active--;
    this.#note(now);
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && this.#executing.size === 0;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  /** In seat-seconds. */
  get progress(): number {
    return this.#progress / 1e8;
  }

  get queues(): readonly Readonly<Queue>[] {
    return this.#queues;
  }

  /** In the order in which they were begun. */
  get executing(): Iterable<Entry> & { size: number } {
    return this.#executing;
  }

  /** How many wait in the queue of an entry. */
  static lengthOf({ queue }: Entry): number {
    return queue?.waiting.length ?? 0;
  }

  #entry(request: Queued, queue: Queue | undefined, now: number): Entry {
    const work = workOf(request.seats, guessedNanoseconds);
    return { request, queue, work, arrivedAt: now, arrival: this.#progress, startedAt: undefined };
  }

  #note(now: number): void {
    this.#demand.set(now, this.#seatsInUse + this.#seatsWaiting);
  }

  /** Progress is as fast as the seats that are wanted, at most all, are for each queue that has requests. */
  #sync(now: number): void {
    if (this.#active > 0) {
      const wanted = this.#seatsOfQueues + this.#seatsWaiting;
      this.#progress += workOf(Math.min(wanted, this.#limit) / this.#active, now - this.#syncedAt);
    }
    this.#syncedAt = now;
  }

  /** Of a hand's queues the one with the least waiting work; where several have, each in its turn. */
  #choose(hand: readonly number[]): Queue {
    const offset = this.#arrivals++ % hand.length;
    let best: Queue | undefined;
    for (let i = 0; i < hand.length; i++) {
      const queue = this.#queues[hand[(offset + i) % hand.length] as number] as Queue;
      if (best === undefined || queue.work < best.work) best = queue;
    }
    return best as Queue;
  }

  #hasRoom(seats: number): boolean {
    if (this.#isExempt) return true;
    // What is wider than all there is has it alone.
    if (seats > this.#limit) return this.#executing.size === 0;
    return this.#seatsInUse + seats <= this.#limit;
  }

  #dispatch(now: number): void {
    while (this.#waiting > 0 && this.#seatsInUse < this.#limit && this.#dispatchOne(now)) {
      // One after the other.
    }
  }

  #dispatchOne(now: number): boolean {
    const index = this.#next();
    const queue = this.#queues[index] as Queue;
    const entry = queue.waiting[0] as Entry;
    if (!this.#hasRoom(entry.request.seats)) {
      entry.request.postponed();
      return false;
    }
    this.#robin = index;
    this.#leave(queue, 0);
    this.#start(entry, now);
    queue.nextDispatch += entry.work;
    boundNext(queue);
    return true;
  }

  /** The queue whose oldest request would be through first in the virtual world; after the last one that was served. */
  #next(): number {
    const { length } = this.#queues;
    let index = this.#robin;
    let best = -1;
    let soonest = Number.POSITIVE_INFINITY;
    for (let seen = 0; seen < this.#queuesWaiting; ) {
      index = (index + 1) % length;
      const queue = this.#queues[index] as Queue;
      const oldest = queue.waiting[0];
      if (oldest === undefined) continue;
      seen++;
      const finish = queue.nextDispatch + oldest.work;
      if (finish >= soonest) continue;
      soonest = finish;
      best = index;
    }
    return best;
  }

  #leave(queue: Queue, at: number): void {
    const [entry] = queue.waiting.splice(at, 1) as [Entry];
    const { seats } = entry.request;
    queue.seatsWaiting -= seats;
    queue.work -= entry.work;
    this.#waiting--;
    this.#seatsWaiting -= seats;
    if (queue.waiting.length === 0) this.#queuesWaiting--;
  }

  #start(entry: Entry, now: number): void {
    const { request, queue } = entry;
    entry.startedAt = now;
    this.#executing.add(entry);
    this.#seatsInUse += request.seats;
    if (queue) {
      queue.executing++;
      queue.seatsInUse += request.seats;
      this.#seatsOfQueues += request.seats;
    }
    this.#note(now);
    request.granted();
  }

  #emptied(queue: Queue): void {
    this.#active--;
    if (this.#queues.length <= (this.#queuing?.queues ?? 0)) return;
    const index = this.#queues.indexOf(queue);
    this.#queues.splice(index, 1);
    if (this.#robin >= index) this.#robin--;
  }
}

function newQueue(): Queue {
  return { waiting: [], executing: 0, seatsInUse: 0, seatsWaiting: 0, work: 0, nextDispatch: 0 };
}

/** A queue does not save up what it did not use before its oldest request came. */
function boundNext(queue: Queue): void {
  const oldest = queue.waiting[0];
  if (oldest !== undefined && queue.nextDispatch < oldest.arrival) queue.nextDispatch = oldest.arrival;
}

function workOf(seats: number, nanoseconds: number): number {
  const work = (seats * nanoseconds) / 10;
  return work < 0 ? -Math.round(-work) : Math.round(work);
}
