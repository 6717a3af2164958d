import type { StoredObject } from '../storage/stored-object.ts';

/** How long a writer that others wait for has the turn to itself. */
const patienceMs = 1000;

/** A write that is certain, unless the disk fails, and that no reader sees yet. */
interface Pending {
  object: StoredObject;
  /** Whether it was kept. Does not reject. */
  isKept: Promise<boolean>;
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
 * object) is not waited for longer than a second.
 */
export class Turns {
  readonly #queues = new Map<string, Queue>();

  /** Resolves when it is this writer's turn; rejects with the signal's reason when that is aborted before. */
  async enter(key: string, signal?: AbortSignal): Promise<Turn> {
    signal?.throwIfAborted();
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = new Queue(() => this.#queues.delete(key));
      this.#queues.set(key, queue);
    }
    return queue.isFree ? queue.begin() : await queue.wait(signal);
  }
}

class Queue {
  readonly #waiting = new Set<(turn: Turn) => void>();
  readonly #forget: () => void;
  #end: (() => void) | undefined;
  #since = 0;
  #patience: NodeJS.Timeout | undefined;
  #pending: Pending | undefined;

  constructor(forget: () => void) {
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

  wait(signal: AbortSignal | undefined): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const admit = (turn: Turn) => {
        signal?.removeEventListener('abort', gone);
        resolve(turn);
      };
      const gone = () => {
        this.#waiting.delete(admit);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', gone, { once: true });
      this.#waiting.add(admit);
      if (this.#patience === undefined) this.#hurry();
    });
  }

  /** Also from one whose turn was over: what came later is what stands. */
  #keep(object: StoredObject, kept: Promise<unknown>): void {
    const settled = (isKept: boolean) => {
      if (this.#pending === pending) this.#pending = undefined;
      this.#forgetIfIdle();
      return isKept;
    };
    const isKept = kept.then(
      () => settled(true),
      () => settled(false),
    );
    const pending = { object, isKept };
    this.#pending = pending;
  }

  /** Only whoever is waited for is timed: most objects have one writer. */
  #hurry(): void {
    const left = Math.max(0, this.#since + patienceMs - performance.now());
    this.#patience = setTimeout(() => this.#end?.(), left);
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
