/** A stream whose client does not take what it was sent. */
export interface StalledStream {
  /** Ends it for good. */
  cutOff(): void;
}

/** What the clients of all watches together may leave unread. The one that has taken nothing for longest goes first. */
export class UnreadBudget {
  readonly #limit: number;
  readonly #stalled = new Map<StalledStream, number>();
  #bytes = 0;

  constructor(limit = 512 * 1024 * 1024) {
    this.#limit = limit;
  }

  /** In bytes. */
  get unread(): number {
    return this.#bytes;
  }

  stalled(stream: StalledStream, bytes: number): void {
    this.flowing(stream);
    this.#stalled.set(stream, bytes);
    this.#bytes += bytes;
    while (this.#bytes > this.#limit) {
      const [longest] = this.#stalled.keys();
      if (longest === undefined) return;
      this.flowing(longest);
      longest.cutOff();
    }
  }

  /** It is read again, or over. */
  flowing(stream: StalledStream): void {
    this.#bytes -= this.#stalled.get(stream) ?? 0;
    this.#stalled.delete(stream);
  }
}
