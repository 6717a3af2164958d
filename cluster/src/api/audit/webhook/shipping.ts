/** Bounds of what is shipped. Source of the sizes: kube-apiserver's defaults for its webhook backend. */
export interface ShippingLimits {
  /** Events in one request. */
  batchSize: number;
  /** Milliseconds that an event waits for others to go with it. */
  batchWait: number;
  /** Milliseconds between two requests, at least. */
  spacing: number;
  /** Events, and their bytes, that may wait while nobody takes them; more are lost. */
  waiting: number;
  waitingBytes: number;
  /** Milliseconds after a failure before the next attempt: the first time, and at most. */
  retry: { first: number; most: number };
  /** Milliseconds that the end of the program waits for what is left. */
  closing: number;
}

export const usualShipping: ShippingLimits = {
  batchSize: 400,
  // Half a minute there; whoever keeps records elsewhere wants them before somebody cuts the line.
  batchWait: 1000,
  spacing: 100,
  waiting: 10_000,
  waitingBytes: 32 * 1024 * 1024,
  retry: { first: 1000, most: 60_000 },
  closing: 5000,
};

/** What is worth a line in the program's own log; `lost` counts since the start. */
export interface ShippingNews {
  message: string;
  lost: number;
  isGood: boolean;
}

export interface ShippingParts {
  /** Sends events as an EventList. Rejects when they have to be sent again. */
  post(events: readonly Buffer[]): Promise<void>;
  tell(news: ShippingNews): void;
  /** Called once, when nothing is sent any more. */
  end?(): Promise<void>;
  limits?: ShippingLimits;
}

/**
 * Sends events elsewhere, in order and in batches, each again and again until it is taken. What comes meanwhile waits, as
 * far as there is room.
 */
export class Shipping {
  readonly #parts: ShippingParts;
  readonly #limits: ShippingLimits;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #lost = 0;
  #isFailing = false;
  #isLosing = false;
  #isClosing = false;
  #running: Promise<void> | undefined;
  /** End a pause: when a batch is full, when the program ends. */
  #full = () => {};
  #end = () => {};

  constructor(parts: ShippingParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? usualShipping;
  }

  /** Events, each whole JSON. */
  add(events: readonly Buffer[]): void {
    for (const event of events) {
      if (this.#waiting.length >= this.#limits.waiting || this.#bytes + event.length > this.#limits.waitingBytes) {
        this.#lose(1);
        continue;
      }
      this.#waiting.push(event);
      this.#bytes += event.length;
    }
    if (this.#waiting.length >= this.#limits.batchSize) this.#full();
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when everything was taken, or it was waited for that long enough. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#end();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#limits.closing);
    await Promise.race([this.#running, late]);
    clearTimeout(timer);
    await this.#parts.end?.();
    if (this.#waiting.length === 0) return;
    this.#lost += this.#waiting.length;
    this.#tell('audit events could not be sent before the end', false);
    this.#waiting = [];
  }

  async #run(): Promise<void> {
    const { batchSize, batchWait, spacing, retry } = this.#limits;
    let delay = retry.first;
    if (this.#waiting.length < batchSize) await this.#pause(batchWait, { isForBatch: true });
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchSize);
      try {
        await this.#parts.post(batch);
        this.#taken(batch);
        delay = retry.first;
        const isForBatch = this.#waiting.length < batchSize;
        await this.#pause(isForBatch ? batchWait : spacing, { isForBatch });
      } catch (error) {
        this.#failed(error as Error);
        await this.#pause(this.#isClosing ? spacing : delay, { isForBatch: false });
        delay = Math.min(delay * 2, retry.most);
      }
    }
  }

  #taken(batch: readonly Buffer[]): void {
    this.#waiting.splice(0, batch.length);
    for (const event of batch) this.#bytes -= event.length;
    if (this.#isFailing || this.#isLosing) this.#tell('audit events are sent again', true);
    this.#isFailing = false;
    this.#isLosing = false;
  }

  #failed(error: Error): void {
    if (!this.#isFailing) this.#tell(`audit events cannot be sent, and wait: ${error.message}`, false);
    this.#isFailing = true;
  }

  #lose(events: number): void {
    this.#lost += events;
    if (!this.#isLosing) this.#tell('audit events are not sent any more: too many are waiting', false);
    this.#isLosing = true;
  }

  #tell(message: string, isGood: boolean): void {
    this.#parts.tell({ message, isGood, lost: this.#lost });
  }

  /** Until the time is over, the program ends, or, where that is waited for, a batch is full. */
  async #pause(milliseconds: number, { isForBatch }: { isForBatch: boolean }): Promise<void> {
    if (this.#isClosing && isForBatch) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#full = isForBatch ? resolve : () => {};
    this.#end = resolve;
    const timer = setTimeout(resolve, milliseconds);
    await promise;
    clearTimeout(timer);
  }
}
