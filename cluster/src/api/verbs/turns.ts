import { timedOut } from '../faults.ts';
import type { StoredObject } from '../storage/stored-object.ts';

/** A write that is certain, unless the disk fails, and that no reader sees yet. */
interface Pending {
  object: StoredObject;
  /** Whether it was kept. Does not reject. */
  isKept: Promise<boolean>;
  /** It was not kept, and its revision is another object's, or will be. */
  readonly isLost: boolean;
}

export interface TurnsOptions {
  /** How long a writer that others wait for has the turn to itself, in milliseconds. Default: a second. */
  patienceMs?: number;
}

/** How long a writer waits for its turn. */
export interface Wait {
  signal?: AbortSignal | undefined;
  /** By `performance.now()`. */
  deadline?: number;
}

/** The right to write one object, until it is left or somebody else's patience ends. */
export interface Turn {
  /** What those before have written and nobody sees yet: the next write builds on it. */
  readonly pending: Pending | undefined;
  /** Whether the next in line has been let in meanwhile: whoever is slower loses and queues again. */
  readonly isOver: boolean;
  /** Lets the next in line in as soon as it is certain what was written, before that is durable (`kept`). */
  pass(object: StoredObject, kept: Promise<unknown>): void;
  leave(): void;
}

/**
 * Queues for writers of one object, first come, first served. Without them, writers that start over whenever somebody was
 * faster keep each other from finishing, and the unlucky never do. A turn is fairness, not a lock: what is written is
 * compared with what was read all the same. So a writer that is held up (a webhook that takes long, or that writes the very
 * object) is not waited for longer than `patienceMs`.
 */
export class Turns {
  readonly #queues = new Map<string, Queue>();
  readonly #patienceMs: number;

  constructor({ patienceMs = 1000 }: TurnsOptions = {}) {
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves when it is this writer's turn; rejects with the signal's reason when that is aborted before, and with `Timeout`
   * at the deadline.
   */
  async enter(key: string, wait: Wait = {}): Promise<Turn> {
    wait.signal?.throwIfAborted();
    const queue = this.#queues.get(key) ?? this.#open(key);
    return queue.isFree ? queue.begin() : await queue.wait(wait);
  }

  #open(key: string): Queue {
    const queue: Queue = new Queue(this.#patienceMs, () => {
      // One whose turn was over may still write, when the queue has long been another.
      if (this.#queues.get(key) === queue) this.#queues.delete(key);
    });
    this.#queues.set(key, queue);
    return queue;
  }
}

class Queue {
  readonly #waiting = new Set<(turn: Turn) => void>();
  readonly #patienceMs: number;
  readonly #forget: () => void;
  #end: (() => void) | undefined;
  #since = 0;
  #patience: NodeJS.Timeout | undefined;
  #pending: Pending | undefined;

  constructor(patienceMs: number, forget: () => void) {
    this.#patienceMs = patienceMs;
    this.#forget = forget;
  }

  get isFree(): boolean {
    return this.#end === undefined;
  }

  begin(): Turn {
    let isOver = false;
    const leave = () => {
      if (isOver) return;
      isOver = true;
      this.#next();
    };
    this.#end = leave;
    this.#since = performance.now();
    if (this.#waiting.size > 0) this.#hurry();
    return {
      pending: this.#pending,
      get isOver() {
        return isOver;
      },
      pass: (object, kept) => {
        this.#keep(object, kept);
        leave();
      },
      leave,
    };
  }

  wait({ signal, deadline }: Wait): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(late);
        signal?.removeEventListener('abort', gone);
        this.#waiting.delete(admit);
      };
      const admit = (turn: Turn) => {
        stop();
        resolve(turn);
      };
      const gone = () => {
        stop();
        reject(signal?.reason);
      };
      const giveUp = () => {
        stop();
        reject(timedOut());
      };
      const late = deadline === undefined ? undefined : setTimeout(giveUp, Math.max(0, deadline - performance.now()));
      signal?.addEventListener('abort', gone, { once: true });
      this.#waiting.add(admit);
      if (this.#patience === undefined) this.#hurry();
    });
  }

  /** Also from one whose turn was over: what came later is what stands. */
  #keep(object: StoredObject, kept: Promise<unknown>): void {
    let isLost = false;
    const settled = (isKept: boolean) => {
      isLost = !isKept;
      if (this.#pending === pending) this.#pending = undefined;
      this.#forgetIfIdle();
      return isKept;
    };
    const isKept = kept.then(
      () => settled(true),
      () => settled(false),
    );
    const pending = {
      object,
      isKept,
      get isLost() {
        return isLost;
      },
    };
    this.#pending = pending;
  }

  /** Only whoever is waited for is timed: most objects have one writer, and those who waited may have gone. */
  #hurry(): void {
    const left = Math.max(0, this.#since + this.#patienceMs - performance.now());
    this.#patience = setTimeout(() => {
      this.#patience = undefined;
      if (this.#waiting.size > 0) this.#end?.();
    }, left);
  }

  #next(): void {
    clearTimeout(this.#patience);
    this.#patience = undefined;
    this.#end = undefined;
    const [admit] = this.#waiting;
    if (!admit) this.#forgetIfIdle();
    else {
      this.#waiting.delete(admit);
      admit(this.begin());
    }
  }

  #forgetIfIdle(): void {
    if (this.isFree && this.#pending === undefined) this.#forget();
  }
}
