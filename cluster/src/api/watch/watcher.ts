import { isBerthError } from '@berth/kube/errors';
import type { Revision } from '../../store/index.ts';
import { viewsOf } from '../conversion/conversion.ts';
import { expired } from '../faults.ts';
import { prefixOfKey } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { ResourceEvent } from '../storage/resource-event.ts';
import type { Selection } from '../storage/selection.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import type { RunningWatch, WatchPlan, WatchSink } from './types.ts';

/** Objects of the initial state that are looked at in one turn of the event loop. */
const initialStep = 500;
/** Bytes of history that are read at once: about what a client takes before it is waited for, since the rest is read again. */
const historyStep = 128 * 1024;

/**
 * One watch under way: a place in history that moves on while the sink takes more. It begins with a state, with the store's
 * past, or with the recent events that are in memory, and stays with those. One whose sink is held back holds nothing but
 * its place; when the recent events have gone past it, it is cut off with `Expired`.
 */
export class Watcher implements RunningWatch {
  readonly #storage: ObjectStorage;
  readonly #plan: WatchPlan;
  readonly #sink: WatchSink;
  readonly #resource: string;
  /** Everything up to `after` was told, and the next `told` events behind it, which are all of one commit. */
  readonly #place: { after: Revision; told: number };
  /** The version that the client has heard of. */
  #known: Revision;
  #initial: { objects: readonly StoredObject[]; next: number } | undefined;
  /** It has been told recent events: from now on it may fall behind, and only by its own fault. */
  #isLive = false;
  #isHeldBack = false;
  #isWorking = false;
  #isStopped = false;
  #isBookmarkDue = false;
  /** The kind is served no longer: what has happened up to now is the last to be told. */
  #isLast = false;
  readonly #cleanups: (() => void)[] = [];

  constructor(storage: ObjectStorage, plan: WatchPlan, sink: WatchSink) {
    this.#storage = storage;
    this.#plan = plan;
    this.#sink = sink;
    this.#resource = prefixOfKey(plan.prefix);
    this.#place = { after: plan.after, told: 0 };
    this.#known = plan.after;
  }

  start(): void {
    const { bookmarks, initial, prefix, timeoutMs } = this.#plan;
    const timer = setTimeout(() => this.#timeOut(), timeoutMs);
    this.#cleanups.push(() => clearTimeout(timer));
    if (bookmarks) {
      const interval = setInterval(() => {
        this.#isBookmarkDue = true;
        this.#advance();
      }, this.#storage.watchLimits.bookmarkEveryMs);
      this.#cleanups.push(() => clearInterval(interval));
    }
    if (initial) {
      this.#initial = { objects: this.#storage.list(prefix), next: 0 };
      this.#place.after = this.#storage.revision;
      this.#known = this.#place.after;
    }
    this.#cleanups.push(this.#storage.watch(this.#resource, () => this.#advance()));
    const { departures } = this.#plan.kind;
    const leave = () => {
      this.#isLast = true;
      this.#advance();
    };
    departures.add(leave);
    this.#cleanups.push(() => departures.delete(leave));
    this.#advance();
  }

  stop(): void {
    this.#isStopped = true;
    this.#initial = undefined;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  resume(): void {
    this.#advance();
  }

  #finish(error?: unknown): void {
    if (this.#isStopped) return;
    this.stop();
    this.#sink.end(isBerthError(error, 'Expired') ? this.#tooOld() : error);
  }

  #timeOut(): void {
    // Where the client is to go on from, if it has asked to be told and does not know.
    const isAtRest = this.#isLive && !this.#isWorking && !this.#isHeldBack;
    if (this.#plan.bookmarks && isAtRest && this.#place.after > this.#known && this.#sink.ready()) this.#bookmark();
    this.#finish();
  }

  #bookmark(): void {
    this.#known = this.#place.after;
    this.#sink.bookmark(this.#place.after, false);
  }

  #tooOld() {
    const { store } = this.#storage;
    const oldest = this.#isLive ? this.#storage.eventsFrom(this.#resource) : store.compactedRevision;
    return expired(this.#place.after, oldest);
  }

  /** Tells all that can be told now. */
  #advance(): void {
    while (!this.#isWorking && !this.#isStopped) {
      this.#isWorking = true;
      let step: 'rest' | 'again' | Promise<void>;
      try {
        step = this.#step();
      } catch (error) {
        this.#finish(error);
        return;
      }
      if (step instanceof Promise) {
        step.then(
          () => {
            this.#isWorking = false;
            this.#advance();
          },
          (error) => this.#finish(error),
        );
        return;
      }
      this.#isWorking = false;
      if (step === 'rest') return;
    }
  }

  #step(): 'rest' | 'again' | Promise<void> {
    if (!this.#sink.ready()) {
      this.#isHeldBack = true;
      return 'rest';
    }
    if (this.#initial) return this.#tellInitial(this.#initial);
    if (this.#place.after >= this.#storage.eventsFrom(this.#resource)) return this.#tellRecent();
    if (this.#isLive && this.#isHeldBack) throw this.#tooOld();
    this.#isLive = false;
    return this.#tellHistory();
  }

  #tellInitial(initial: { objects: readonly StoredObject[]; next: number }): 'rest' | 'again' | Promise<void> {
    const { kind, selection, markInitialEnd } = this.#plan;
    const { objects, next } = initial;
    const tell = (views: readonly StoredObject[]) => {
      for (const view of views) {
        if (this.#isStopped || !this.#sink.ready()) return;
        if (selection.matches(view)) this.#sink.event('ADDED', view, undefined);
        initial.next++;
      }
    };
    if (next < objects.length) {
      const views = viewsOf(kind, objects.slice(next, next + initialStep));
      if (views instanceof Promise) return views.then(tell);
      tell(views);
      return initial.next < objects.length && initial.next === next + initialStep ? nextTurn() : 'again';
    }
    this.#initial = undefined;
    this.#isHeldBack = false;
    if (markInitialEnd) this.#sink.bookmark(this.#place.after, true);
    return 'again';
  }

  #tellRecent(): 'rest' | Promise<void> {
    this.#isLive = true;
    this.#isHeldBack = false;
    const { events, first } = this.#storage.events(this.#resource, this.#place.after);
    let skipped = this.#place.told;
    for (let at = first; at < events.length; at++) {
      const event = events[at] as ResourceEvent;
      if (!event.object.key.startsWith(this.#plan.prefix) || skipped-- > 0) continue;
      if (!this.#sink.ready()) {
        this.#isHeldBack = true;
        return 'rest';
      }
      const telling = this.#tell(event);
      if (telling) return telling;
      if (this.#isStopped) return 'rest';
    }
    this.#comeTo(this.#storage.revision);
    if (this.#isBookmarkDue) {
      this.#isBookmarkDue = false;
      // One that waits for a version of the future is not told of what is before.
      if (this.#place.after <= this.#storage.revision) this.#bookmark();
    }
    if (this.#isLast) this.#finish();
    return 'rest';
  }

  /** One stretch of what only the store knows. Nothing of it is kept for a sink that is held back: it is read again. */
  async #tellHistory(): Promise<void> {
    const { prefix } = this.#plan;
    const { events, through } = this.#storage.store.history({ prefix, after: this.#place.after, bytes: historyStep });
    let skipped = this.#place.told;
    for (const event of events) {
      if (skipped-- > 0) continue;
      if (this.#isStopped || !this.#sink.ready()) return;
      await this.#tell(await this.#storage.told(event));
    }
    this.#comeTo(through);
    await nextTurn();
  }

  #comeTo(revision: Revision): void {
    // The store may be ahead of what is in memory.
    if (revision < this.#place.after) return;
    this.#place.after = revision;
    this.#place.told = 0;
  }

  #tell(event: ResourceEvent): Promise<void> | undefined {
    const { kind, selection } = this.#plan;
    if (event.revision - 1 > this.#place.after) this.#comeTo(event.revision - 1);
    this.#place.told++;
    const views = viewsOf(kind, event.previous ? [event.object, event.previous] : [event.object]);
    const tell = ([object, previous]: readonly StoredObject[]) => {
      if (this.#isStopped) return;
      const isTold = tellSelected(selection, { event, object: object as StoredObject, previous }, this.#sink);
      if (isTold) this.#known = event.revision;
    };
    if (views instanceof Promise) return views.then(tell);
    tell(views);
    return undefined;
  }
}

/** An event with its objects in the version that is watched. */
interface Shown {
  event: ResourceEvent;
  object: StoredObject;
  previous: StoredObject | undefined;
}

/**
 * An object that enters the selection arrives as ADDED, one that leaves it as DELETED with its last selected state. Answers
 * whether there was anything to tell.
 */
function tellSelected(selection: Selection, { event, object, previous }: Shown, sink: WatchSink): boolean {
  const matches = selection.matches(object);
  if (event.type === 'delete') {
    if (matches) sink.event('DELETED', object, event);
    return matches;
  }
  const matched = previous !== undefined && selection.matches(previous);
  if (matches) sink.event(matched ? 'MODIFIED' : 'ADDED', object, event);
  else if (matched)
    sink.event('DELETED', previous === event.previous ? event.departed : previous.at(event.revision), event);
  return matches || matched;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
