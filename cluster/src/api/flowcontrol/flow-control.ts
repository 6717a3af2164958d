import type { KubeClient } from '@berth/kube/client';
import type { KubeObject } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { FlowCounts } from './counts.ts';
import { mandatory } from './defaults.ts';
import { hashOf } from './hand.ts';
import { isUsable, Level } from './level.ts';
import { adjust, limitsOf, sharesOf, smooth } from './limits.ts';
import { distinguisherOf, matches } from './match.ts';
import { inOrder } from './schemas.ts';
import { Seat } from './seat.ts';
import { keepStatus } from './status.ts';
import { type Digest, type FlowSchema, levelResource, type PriorityLevel, schemaResource } from './types.ts';
import { seatsOf } from './work.ts';

export const usualSeats = 600;

/** How often levels lend and borrow anew, and the longest that a request is counted as being served. */
const adjustEveryMs = 10_000;
const longestMs = 60_000;

/** A schema in use. */
interface Schema {
  name: string;
  uid: string;
  spec: FlowSchema['spec'];
  level: Level;
  counts: FlowCounts;
}

export interface FlowControlParts {
  storage: ObjectStorage;
  client: KubeClient;
  /** How many there are in all. */
  seats: number;
  now: () => Date;
  logger: Logger;
}

const prefixes = [schemaResource, levelResource].map(({ group, resource }) => resourcePrefix(group, resource));
const [schemaPrefix = '', levelPrefix = ''] = prefixes;

/**
 * API priority and fairness: which requests are served now, which wait, and which are refused. Source: KEP-1040 and the
 * package `pkg/util/flowcontrol` of k8s.io/apiserver.
 */
export class FlowControl {
  readonly #parts: FlowControlParts;
  readonly #levels = new Map<string, Level>();
  readonly #counts = new Map<string, FlowCounts>();
  #schemas: readonly Schema[] = [];
  #fairFraction = 0;
  #isStale = false;
  #stops: (() => void)[] = [];

  constructor(parts: FlowControlParts) {
    this.#parts = parts;
    this.#digest();
  }

  /** Follows the objects from now on. */
  start(): void {
    const { storage } = this.#parts;
    const changed = () => {
      if (this.#isStale) return;
      this.#isStale = true;
      // Those of one commit are taken together.
      setImmediate(() => this.#digest());
    };
    const timer = setInterval(() => this.adjust(), adjustEveryMs);
    timer.unref();
    this.#stops = [() => clearInterval(timer), ...prefixes.map((prefix) => storage.listen(prefix, changed))];
    this.#digest();
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** A place for a request, or one in a queue. Throws `TooManyRequests`; `found` is told before what it was taken for. */
  take(digest: Digest, options: ReadonlyMap<string, string>, found: (seat: Seat) => void): Seat {
    const { name: schema, level, counts, uid: schemaUid, spec } = this.#schemaOf(digest);
    const flow = distinguisherOf(digest, spec);
    const stored = () => this.#parts.storage.stored(resourcePrefix(digest.group, digest.resource));
    const seats = seatsOf(digest, options, { stored, most: level.maxSeats });
    const seat = new Seat({ level, counts, schemaUid, flow }, digest, seats, clock);
    found(seat);
    seat.take(() => level.hand(`${schema}\0${flow}`, () => hashOf(schema, flow)));
    return seat;
  }

  /** What levels do not need is lent to others, as far as both may. */
  adjust(): void {
    const now = clock();
    for (const level of this.#levels.values()) {
      // Who reads an answer slowly, or not at all, does not keep others waiting for ever.
      for (const { request, startedAt = now } of level.queues.executing) {
        if (now - startedAt < longestMs * 1e6) break;
        (request as Seat).done();
      }
    }
    if ([...this.#levels.values()].some((level) => level.isQuiescing && level.queues.isIdle)) this.#digest();
    else this.#adjust(now);
  }

  get levels(): Iterable<Level> {
    return this.#levels.values();
  }

  get counts(): Iterable<FlowCounts> {
    return this.#counts.values();
  }

  get fairFraction(): number {
    return this.#fairFraction;
  }

  #schemaOf(digest: Digest): Schema {
    for (const schema of this.#schemas) if (matches(digest, schema.spec)) return schema;
    // For whoever is in no group that it names.
    return this.#schemas.find(({ name }) => name === 'catch-all') as Schema;
  }

  /** Takes up what the objects say now. */
  #digest(): void {
    this.#isStale = false;
    const now = clock();
    this.#digestLevels(this.#objects<PriorityLevel>(levelPrefix).filter(isUsable), now);
    const present = this.#objects<FlowSchema>(schemaPrefix);
    const isFound = ({ spec }: FlowSchema) =>
      this.#levels.get(spec.priorityLevelConfiguration.name)?.isQuiescing === false;
    const found = inOrder(present.filter(isFound));
    const [exempt, catchAll] = mandatory.schemas as readonly [FlowSchema, FlowSchema];
    const has = ({ metadata }: FlowSchema) => found.some((schema) => schema.metadata.name === metadata.name);
    const all = [...(has(exempt) ? [] : [exempt]), ...found, ...(has(catchAll) ? [] : [catchAll])];
    this.#schemas = all.map((schema) => this.#schema(schema));
    if (this.#stops.length === 0) return;
    for (const schema of present) keepStatus(schema, isFound(schema), this.#parts);
  }

  #schema({ metadata: { name, uid = '' }, spec }: FlowSchema): Schema {
    const level = this.#levels.get(spec.priorityLevelConfiguration.name) as Level;
    const key = `${level.name}\0${name}`;
    const counts = this.#counts.get(key) ?? new FlowCounts(level.name, name);
    this.#counts.set(key, counts);
    return { name, uid, spec, level, counts };
  }

  #digestLevels(present: readonly PriorityLevel[], now: number): void {
    const missing = mandatory.levels.filter(
      ({ metadata }) => !present.some((level) => level.metadata.name === metadata.name),
    );
    const wanted = [...present, ...missing];
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const level of this.#levels.values()) {
      if (names.has(level.name)) continue;
      if (level.queues.isIdle) this.#levels.delete(level.name);
      else level.isQuiescing = true;
    }
    for (const object of wanted) {
      const { name } = object.metadata;
      const level = this.#levels.get(name) ?? new Level(object, now);
      this.#levels.set(name, level);
      level.describe(object);
    }
    const { seats } = this.#parts;
    const levels = [...this.#levels.values()];
    const shares = levels.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
    for (const level of levels) level.limit(limitsOf(level.spec, { seats, shares }));
    this.#adjust(now);
  }

  #adjust(now: number): void {
    const levels = [...this.#levels.values()];
    for (const level of levels) level.demand = smooth(level.demand.smoothed, level.seen.take(now));
    const { adjusted, fairFraction } = adjust(levels);
    this.#fairFraction = fairFraction;
    for (const [i, level] of levels.entries()) {
      Object.assign(level, adjusted[i]);
      level.configure(now);
    }
  }

  #objects<T extends KubeObject>(prefix: string): T[] {
    return this.#parts.storage
      .list(prefix)
      .filter(({ fault }) => !fault)
      .map(({ object }) => object as T);
  }
}

/** In nanoseconds. */
function clock(): number {
  return Math.round(performance.now() * 1e6);
}
