import type { Commit } from './journal.ts';
import type { Revision } from './types.ts';

const mostEvents = 1024;
const mostBytes = 4 * 1024 * 1024;

/** The newest commits, kept in memory so that a watch that starts a little late does not read them back. */
export class RecentCommits {
  #commits: Commit[] = [];
  #events = 0;
  #bytes = 0;

  add(commit: Commit): void {
    this.#commits.push(commit);
    this.#count(commit, 1);
    if (this.#events <= mostEvents && this.#bytes <= mostBytes) return;
    // Down to three quarters at once: dropping one by one from the front of an array costs its whole length each time.
    let dropped = 0;
    while (this.#events > mostEvents * 0.75 || this.#bytes > mostBytes * 0.75) {
      this.#count(this.#commits[dropped++] as Commit, -1);
    }
    this.#commits = this.#commits.slice(dropped);
  }

  /** Every commit after the revision, or undefined when some of them are no longer here. */
  after(revision: Revision): readonly Commit[] | undefined {
    const first = this.#commits[0];
    if (first === undefined || first.revision > revision + 1) return undefined;
    return this.#commits.slice(revision + 1 - first.revision);
  }

  #count(commit: Commit, sign: 1 | -1): void {
    this.#events += sign * commit.events.length;
    for (const { value } of commit.events) this.#bytes += sign * value.byteLength;
  }
}
