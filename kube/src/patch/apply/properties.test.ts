import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { builtInCatalogue } from '../../schema/index.ts';
import { applyConfiguration, fieldSetFromFieldsV1, trackUpdate } from './index.ts';

const catalogue = builtInCatalogue();
const typed = { schema: catalogue.definition('io.k8s.api.apps.v1.Deployment'), catalogue };
const by = (manager: string) => ({ manager, apiVersion: 'apps/v1', time: '2026-01-01T00:00:00Z' });

const text = fc.constantFrom('1', '2', '3');
const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), text, { maxKeys: 3 });
const container = (name: string) =>
  fc.record(
    {
      name: fc.constant(name),
      image: text,
      args: fc.array(text, { maxLength: 2 }),
      env: fc.uniqueArray(fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: text }), {
        selector: (one) => one.name,
      }),
      ports: fc.uniqueArray(fc.record({ containerPort: fc.constantFrom(80, 81) }), {
        selector: (one) => one.containerPort,
      }),
    },
    { requiredKeys: ['name'] },
  );
const containers = fc.subarray(['a', 'b', 'c']).chain((names) => fc.tuple(...names.map(container)));
const configuration = fc
  .record(
    {
      labels,
      finalizers: fc.subarray(['e.com/a', 'e.com/b', 'e.com/c']),
      replicas: fc.integer({ min: 0, max: 3 }),
      paused: fc.boolean(),
      containers,
    },
    { requiredKeys: [] },
  )
  .map(({ labels: given, finalizers, replicas, paused, containers: list }): KubeObject => {
    const metadata = { name: 'd', ...(given ? { labels: given } : {}), ...(finalizers ? { finalizers } : {}) };
    const template = list ? { template: { spec: { containers: list } } } : {};
    const spec = {
      ...(replicas === undefined ? {} : { replicas }),
      ...(paused === undefined ? {} : { paused }),
      ...template,
    };
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec };
  });

const apply = (live: KubeObject | undefined, config: KubeObject, manager: string, force = false) =>
  applyConfiguration(typed, live, structuredClone(config), { ...by(manager), force });
/** One after the other; undefined when one of them conflicts. */
function inTurn(...writes: readonly (readonly [string, KubeObject])[]): KubeObject | undefined {
  try {
    return writes.reduce<KubeObject | undefined>((live, [manager, config]) => apply(live, config, manager), undefined);
  } catch (error) {
    if (isBerthError(error, 'Conflict')) return undefined;
    throw error;
  }
}
const ownedBy = (object: KubeObject, manager: string) =>
  fieldSetFromFieldsV1(object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1);

/** Lists that are maps or sets, without their order, which is that of whoever came first. */
function unordered(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => unordered(item));
    return key === 'args' ? items : items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([name]) => name !== 'managedFields');
  return Object.fromEntries(
    fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, unordered(item, name)]),
  );
}

describe('applying', () => {
  it('the same twice is applying it once', () => {
    fc.assert(
      fc.property(configuration, configuration, (one, two) => {
        const once = apply(apply(undefined, one, 'one'), two, 'two', true);
        expect(apply(once, two, 'two', true)).toBe(once);
      }),
    );
  });

  it('by several managers who do not conflict gives one object and one record, whoever is first', () => {
    fc.assert(
      fc.property(configuration, configuration, configuration, (one, two, three) => {
        const first = inTurn(['one', one], ['two', two], ['three', three]);
        const second = inTurn(['three', three], ['one', one], ['two', two]);
        fc.pre(first !== undefined && second !== undefined);
        if (first === undefined || second === undefined) return;
        expect(unordered(first)).toEqual(unordered(second));
        for (const manager of ['one', 'two', 'three']) {
          expect(ownedBy(first, manager).equals(ownedBy(second, manager))).toBe(true);
        }
      }),
      // Most of them conflict, and finding those that do not is what takes the time.
      { numRuns: 30, maxSkipsPerRun: 1000 },
    );
  });

  it('by force takes every field that it names, and loses none of those that others own alone', () => {
    fc.assert(
      fc.property(configuration, configuration, (one, two) => {
        const live = apply(undefined, one, 'one');
        const taken = apply(live, two, 'two', true);
        const wanted = ownedBy(apply(undefined, two, 'two'), 'two');
        expect(ownedBy(taken, 'two').equals(wanted)).toBe(true);
        const alone = ownedBy(live, 'one').difference(wanted);
        const left = ownedBy(taken, 'one');
        // What the force replaced as one value goes with all that was in it.
        expect(left.difference(ownedBy(live, 'one')).isEmpty).toBe(true);
        expect(alone.difference(left).intersection(ownedBy(taken, 'two')).isEmpty).toBe(true);
      }),
    );
  });

  it('nothing any more removes what only one named', () => {
    fc.assert(
      fc.property(configuration, (one) => {
        const live = apply(undefined, one, 'one');
        // Who names nothing (an empty list is nothing) leaves no record, and what is there belongs to nobody in particular.
        fc.pre(live.metadata.managedFields !== undefined);
        const bare: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } };
        const left = apply(live, bare, 'one');
        expect(left.metadata.managedFields).toBeUndefined();
        expect(JSON.stringify(left.spec ?? {})).not.toMatch(/"(image|replicas|paused)"/);
      }),
    );
  });
});

describe('an ordinary write', () => {
  it('owns exactly what it changed, and takes that from everyone', () => {
    fc.assert(
      fc.property(configuration, configuration, (one, two) => {
        const live = apply(undefined, one, 'one');
        const written = trackUpdate(
          typed,
          { ...live, metadata: { ...live.metadata, uid: 'u' } },
          { ...two, metadata: { ...two.metadata, uid: 'u' } },
          by('writer'),
        );
        const own = ownedBy(written, 'writer');
        expect(own.intersection(ownedBy(written, 'one')).isEmpty).toBe(true);
        const again = trackUpdate(typed, written, structuredClone(written), by('other'));
        expect(again.metadata.managedFields).toEqual(written.metadata.managedFields);
      }),
    );
  });
});
