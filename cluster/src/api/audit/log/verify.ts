import { setImmediate } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import { beginning, type Link, unseal } from './chain.ts';
import { backupsOf } from './files.ts';
import { readHead } from './head.ts';
import { linesOf } from './lines.ts';
import { type MacKey, macOf } from './mac.ts';
import { type AuditPlace, readKey } from './place.ts';

/** A place in the log where something is wrong, for a person. */
export interface Fault {
  /** Absent of what is wrong with the log as a whole. */
  file?: string;
  /** Lines are counted from 1. */
  line?: number;
  problem: string;
}

export interface Verdict {
  files: number;
  /** Records that follow on one another as they should. */
  good: number;
  /** Records that were never written, since the disk was full or too slow: the log says so itself. */
  lost: number;
  faults: Fault[];
  /** What is no fault, but good to know. */
  remarks: string[];
}

/** Faults that are told one by one. */
const mostTold = 100;
/** A log that is written meanwhile may begin a file: then everything is looked at anew, so often. */
const attempts = 5;

/**
 * Looks at every record of an audit log: whether it is what was written, follows on the one before, and whether the first
 * and the last are there. Throws `NotFound` when there is no log.
 */
export async function verifyAuditLog(place: AuditPlace): Promise<Verdict> {
  const key = readKey(place.keyFile);
  if (!key) throw new BerthError('NotFound', `there is no audit log: ${place.keyFile} is not there`);
  for (let attempt = 1; ; attempt++) {
    // Read before the records: what is written meanwhile is more than it says, never less.
    const head = readHead(place.headFile, key);
    const files = await backupsOf(place.path);
    const reading = new Reading(key);
    const known = typeof head === 'object' && head.head.path === place.path ? head.head : undefined;
    if (head === 'damaged')
      reading.fault({
        problem: `${place.headFile} was changed: whether records are missing at the beginning or the end is not known`,
      });
    else if (!known)
      reading.fault({
        problem: `${place.headFile} does not tell of this log: whether records are missing at the beginning or the end is not known`,
      });
    reading.follow(known?.removed);
    for (const file of [...files, place.path]) await reading.read(file, file === place.path);
    const isSame = (await backupsOf(place.path)).join('\n') === files.join('\n');
    if (!isSame && attempt < attempts) continue;
    reading.end(known?.last);
    return reading.verdict;
  }
}

class Reading {
  readonly verdict: Verdict = { files: 0, good: 0, lost: 0, faults: [], remarks: [] };
  readonly #key: MacKey;
  /** The record before. */
  #last: Link | undefined;
  #removed: Link | undefined;
  #faults = 0;

  constructor(key: MacKey) {
    this.#key = key;
  }

  fault(fault: Fault): void {
    this.#faults++;
    if (this.#faults <= mostTold) this.verdict.faults.push(fault);
  }

  /** The oldest record that must be there follows on this one. */
  follow(removed: Link | undefined): void {
    this.#removed = removed;
  }

  async read(file: string, isNewest: boolean): Promise<void> {
    let line = 0;
    for (const { bytes, isWhole } of linesOf(file)) {
      line++;
      if (line % 1000 === 0) await setImmediate();
      if (isWhole) this.#judge(bytes, { file, line });
      else if (isNewest)
        this.verdict.remarks.push(`${file} ends within a record, which is being written, or was when Berth was killed`);
      else this.fault({ file, line, problem: 'the file was cut within a record' });
    }
    if (line > 0) this.verdict.files++;
  }

  /** Holds the last record against what is known to have been written. */
  end(written: Link | undefined): void {
    const { faults } = this.verdict;
    const last = this.#last ?? this.#removed ?? beginning;
    if (written && last.sequence < written.sequence) {
      const missing = range(last.sequence + 1, written.sequence);
      this.fault({ problem: `${missing} missing at the end: cut off, or lost in a power cut` });
    } else if (written && last.sequence === written.sequence && last.mac !== written.mac) {
      this.fault({ problem: `record ${last.sequence} is not the one that was written` });
    }
    if (this.#faults > faults.length) faults.push({ problem: `and ${this.#faults - faults.length} more` });
  }

  #judge(bytes: Buffer, at: { file: string; line: number }): void {
    const found = unseal(bytes);
    if (!found) {
      this.fault({ ...at, problem: 'this line is no record of the log' });
      return;
    }
    const { body, link } = found;
    const before = this.#last ?? this.#removed;
    const lost = /"audit\.berth\.dev\/lost":"(\d+)",/.exec(body.subarray(-512).toString('latin1'));
    if (lost) this.verdict.lost += Number(lost[1]);
    const { sequence } = link;
    if (this.#last === undefined && (!before || sequence <= before.sequence)) {
      // What need not be there any more follows on nothing that is known, unless it is the first of all.
      this.#last = link;
      this.#check(sequence === 1 ? beginning : undefined, found, at);
    } else if (before && sequence <= before.sequence) {
      this.fault({
        ...at,
        problem: `record ${sequence} is out of its place: it stands behind record ${before.sequence}`,
      });
    } else if (before && sequence > before.sequence + 1) {
      this.#last = link;
      this.fault({ ...at, problem: `${range(before.sequence + 1, sequence - 1)} missing before record ${sequence}` });
    } else {
      this.#last = link;
      this.#check(before, found, at);
    }
  }

  #check(
    before: Link | undefined,
    { body, link }: { body: Buffer; link: Link },
    at: { file: string; line: number },
  ): void {
    if (before && macOf(this.#key, before.mac, body) !== link.mac) {
      this.fault({ ...at, problem: `record ${link.sequence} was changed` });
    } else this.verdict.good++;
  }
}

function range(from: number, to: number): string {
  return from === to ? `record ${from} is` : `records ${from} to ${to} are`;
}
