export interface LogLine {
  /** Counts from the start of the stream; never reused. */
  id: number;
  /** RFC 3339 as the node wrote it; absent when the line has none. */
  time?: string;
  text: string;
}

export interface LogSnapshot {
  lines: readonly LogLine[];
  /** How many lines were let go because the buffer was full. */
  dropped: number;
  /** How many lines came since the view was paused. */
  waiting: number;
}

const withTime = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?(.*)$/s;

/** The last lines of a log. While paused, what is shown stays still and the new lines are counted. */
export class LogBuffer {
  #lines: LogLine[] = [];
  #shown: LogSnapshot = { lines: [], dropped: 0, waiting: 0 };
  #paused: readonly LogLine[] | undefined;
  #pausedAt = 0;
  #next = 0;
  readonly #limit: number;

  constructor(limit = 50_000) {
    this.#limit = limit;
  }

  push(lines: readonly string[]): void {
    for (const line of lines) {
      const [, time, text] = withTime.exec(line) ?? [];
      const id = this.#next++;
      this.#lines.push(time === undefined ? { id, text: line } : { id, time, text: text ?? '' });
    }
    // Let go in one cut of a tenth, not line by line.
    if (this.#lines.length > this.#limit * 1.1) this.#lines = this.#lines.slice(-this.#limit);
    this.#take();
  }

  pause(): void {
    if (this.#paused !== undefined) return;
    this.#paused = this.#shown.lines;
    this.#pausedAt = this.#next;
    this.#take();
  }

  resume(): void {
    this.#paused = undefined;
    this.#take();
  }

  clear(): void {
    this.#lines = [];
    this.#paused = undefined;
    this.#next = 0;
    this.#take();
  }

  /** The same object until something changed. */
  snapshot(): LogSnapshot {
    return this.#shown;
  }

  /** Everything kept, for a file. */
  text(): string {
    return this.#lines.map((line) => `${line.time === undefined ? '' : `${line.time} `}${line.text}\n`).join('');
  }

  #take(): void {
    this.#shown = {
      lines: this.#paused ?? [...this.#lines],
      dropped: this.#next - this.#lines.length,
      waiting: this.#paused === undefined ? 0 : this.#next - this.#pausedAt,
    };
  }
}
