import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { mandatory, suggested } from './defaults.ts';
import { Demand } from './demand.ts';
import { deal, hashOf, isDealable } from './hand.ts';
import { adjust, type Limits, limitsOf, sharesOf, smooth } from './limits.ts';
import { distinguisherOf, matches } from './match.ts';
import { type Entry, QueueSet } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import { inOrder } from './schemas.ts';
import type { FlowSchema, PriorityLevel } from './types.ts';

async function golden<T>(name: string): Promise<T> {
  const packed = await readFile(new URL(`golden/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(packed).toString()) as T;
}

/** What both say of an object: Go writes fields that nobody has set. */
const saidOf = ({ metadata: { name, annotations }, spec }: FlowSchema | PriorityLevel) => ({ name, annotations, spec });

test('the objects of every cluster are those of Kubernetes', async () => {
  type Objects = { levels: PriorityLevel[]; schemas: FlowSchema[] };
  const theirs = await golden<{ mandatory: Objects; suggested: Objects }>('defaults');
  expect(mandatory.levels.map(saidOf)).toEqual(theirs.mandatory.levels.map(saidOf));
  expect(mandatory.schemas.map(saidOf)).toEqual(theirs.mandatory.schemas.map(saidOf));
  const own = new Set(['metrics']);
  const schemas = suggested.schemas.filter(({ metadata }) => !own.has(metadata.name));
  expect(suggested.levels.map(saidOf)).toEqual(theirs.suggested.levels.map(saidOf));
  expect(schemas.map(saidOf)).toEqual(theirs.suggested.schemas.map(saidOf));
});

interface Asked {
  user: string;
  groups: string[];
  verb: string;
  path?: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  answer: [schema: string, level: string, flow: string];
}

test('requests belong to the flows that Kubernetes says', async () => {
  const theirs = await golden<{ schemas: FlowSchema[]; requests: Asked[] }[]>('classification');
  const usual = await golden<Record<string, { levels: PriorityLevel[]; schemas: FlowSchema[] }>>('defaults');
  const [levels, schemas] = [
    Object.values(usual).flatMap((some) => some.levels),
    Object.values(usual).flatMap((some) => some.schemas),
  ];
  const known = new Set(levels.map(({ metadata }) => metadata.name));
  for (const { schemas: more, requests } of theirs) {
    const all = [...schemas, ...more].filter(({ spec }) => known.has(spec.priorityLevelConfiguration.name));
    const ordered = inOrder(all);
    for (const { user: name, groups, verb, path, answer, ...rest } of requests) {
      const { group = '', resource = '', subresource = '', namespace = '' } = rest;
      const what = { group, version: 'v1', resource, subresource, namespace, name: '' };
      const asked = { user: { name, groups }, verb, path: path ?? '', isResource: path === undefined, ...what };
      const found = ordered.find(({ spec }) => matches(asked, spec));
      const ours = found
        ? [found.metadata.name, found.spec.priorityLevelConfiguration.name, distinguisherOf(asked, found.spec)]
        : ['', '', ''];
      expect(ours, JSON.stringify(asked)).toEqual(answer);
    }
  }
});

test('flows are dealt the queues that Kubernetes deals', async () => {
  const theirs =
    await golden<{ schema: string; flow: string; hash: string; deck: number; size: number; hand: number[] }[]>('hands');
  for (const { schema, flow, hash, deck, size, hand } of theirs) {
    expect(isDealable(deck, size)).toBe(true);
    expect(String(hashOf(schema, flow))).toBe(hash);
    expect(deal(hashOf(schema, flow), deck, size)).toEqual(hand);
  }
});

interface GoldenLimits extends Limits {
  current: number;
  smoothed: number;
}

test('levels have the seats that Kubernetes gives them, and borrow as much', async () => {
  const usual = await golden<Record<string, { levels: PriorityLevel[] }>>('defaults');
  const theirs =
    await golden<
      {
        seats: number;
        levels: PriorityLevel[];
        start: Record<string, GoldenLimits>;
        adjustments: {
          demands: { level: string; seats: number; seconds: number }[] | null;
          limits: Record<string, GoldenLimits>;
        }[];
      }[]
    >('limits');
  for (const { seats, levels: more, start, adjustments } of theirs) {
    const all = [...Object.values(usual).flatMap((some) => some.levels), ...more];
    const shares = all.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
    let now = 0;
    const levels = all.map(({ metadata, spec }) => ({
      name: metadata.name,
      ...limitsOf(spec, { seats, shares }),
      isExempt: spec.type === 'Exempt',
      demand: { most: 0, smoothed: 0 },
      seen: new Demand(now),
      current: 0,
    }));
    const readjust = () => {
      for (const level of levels) level.demand = smooth(level.demand.smoothed, level.seen.take(now));
      for (const [i, { current }] of adjust(levels).adjusted.entries()) {
        const level = levels[i];
        if (level) level.current = current;
      }
    };
    const check = (limits: Record<string, GoldenLimits>) => {
      for (const { name, nominal, lower, upper, maxSeats, current, demand } of levels) {
        const { smoothed, ...expected } = limits[name] as GoldenLimits;
        expect({ name, nominal, lower, upper, maxSeats, current }).toEqual({ name, ...expected });
        expect(demand.smoothed).toBeCloseTo(smoothed, 6);
      }
    };
    readjust();
    check(start);
    for (const { demands, limits } of adjustments) {
      for (const { level, seats: wanted, seconds } of demands ?? []) {
        levels.find(({ name }) => name === level)?.seen.set(now, wanted);
        now += seconds * 1e9;
      }
      now += 1e9;
      readjust();
      check(limits);
    }
  }
});

interface Script {
  queues: number;
  hand: number;
  length: number;
  seats: number;
  events: {
    after: number;
    what: 'arrive' | 'end' | 'gone' | 'change';
    id?: number;
    hash?: string;
    seats?: number;
    queues?: number;
    refused?: boolean;
    started?: number[];
  }[];
}

test('requests are served, refused and kept waiting in the order of Kubernetes', async () => {
  for (const script of await golden<Script[]>('queues')) {
    let now = 0;
    let { queues } = script;
    const configured = (seats: number) => ({
      queuing: queues === 0 ? undefined : { queues, handSize: script.hand, queueLengthLimit: script.length },
      isExempt: false,
      seats,
    });
    const set = new QueueSet(new Demand(now), now);
    set.configure(configured(script.seats), now);
    const entries = new Map<number, Entry>();
    const started: number[] = [];
    for (const { after, what, id = 0, hash = '0', seats = 0, ...more } of script.events) {
      now += after * 1000;
      if (what === 'arrive') {
        const hand = () => deal(BigInt(hash), queues, script.hand);
        const entry = set.arrive({ seats, granted: () => void started.push(id), postponed() {} }, hand, now);
        expect(entry === undefined).toBe(more.refused === true);
        if (entry) entries.set(id, entry);
      } else if (what === 'change') {
        queues = more.queues ?? queues;
        set.configure(configured(seats), now);
      } else if (what === 'end') set.finish(entries.get(id) as Entry, now);
      else set.giveUp(entries.get(id) as Entry, now);
      expect(started.splice(0).sort((a, b) => a - b)).toEqual(more.started ?? []);
    }
  }
});

test('who is refused is told to wait as long as Kubernetes says', async () => {
  for (const drops of await golden<{ after: number; count: number; retryAfter: number }[][]>('drops')) {
    const tracker = new RetryAfter();
    let now = 1_700_000_000;
    for (const { after, count, retryAfter } of drops) {
      now += after;
      for (let i = 0; i < count; i++) tracker.refused(now);
      expect(tracker.seconds).toBe(retryAfter);
    }
  }
});
