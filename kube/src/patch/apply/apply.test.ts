import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { builtInCatalogue } from '../../schema/index.ts';
import { applyConfiguration, fieldSetFromFieldsV1, trackUpdate } from './index.ts';

const catalogue = builtInCatalogue();
const typed = { schema: catalogue.definition('io.k8s.api.apps.v1.Deployment'), catalogue };
const time = '2026-01-01T00:00:00Z';
const by = (manager: string, force = false) => ({ manager, apiVersion: 'apps/v1', time, force });

function deployment(spec: object, metadata: object = {}): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd', ...metadata }, spec };
}
const containers = (...list: object[]) => ({ template: { spec: { containers: list } } });
const apply = (live: KubeObject | undefined, config: KubeObject, manager: string, force = false) =>
  applyConfiguration(typed, live, config, by(manager, force));
const owned = (object: KubeObject, manager: string) =>
  object.metadata.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1;

function conflict(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!isBerthError(error, 'Conflict')) throw error;
    return (error.details?.causes ?? []).map((cause) => `${cause.message}: ${cause.field}`);
  }
  throw new Error('there was no conflict');
}

describe('server-side apply', () => {
  it('creates, and records what was named in the form of FieldsV1', () => {
    const config = deployment(
      { replicas: 1, ...containers({ name: 'a', image: 'i', ports: [{ containerPort: 80 }], args: ['x'] }) },
      { labels: { app: 'x' }, finalizers: ['a/b'] },
    );
    const object = apply(undefined, config, 'me');
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:finalizers': { 'v:"a/b"': {} }, 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': {
                'f:containers': {
                  'k:{"name":"a"}': {
                    '.': {},
                    'f:args': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
                  },
                },
              },
            },
          },
        },
      },
    ]);
    expect(object.spec).toEqual(config.spec);
  });

  it('leaves everything as it is the second time', () => {
    const config = deployment({ replicas: 1, ...containers({ name: 'a', image: 'i' }) });
    const object = apply(undefined, config, 'me');
    expect(apply(object, config, 'me')).toBe(object);
  });

  it('removes what a manager no longer names, with all that came with it', () => {
    const first = apply(
      undefined,
      deployment({ replicas: 1, ...containers({ name: 'a', image: 'i' }, { name: 'b', image: 'i' }) }),
      'me',
    );
    const defaulted = structuredClone(first);
    (defaulted.spec as { template: { spec: { containers: object[] } } }).template.spec.containers[1] = {
      name: 'b',
      image: 'i',
      imagePullPolicy: 'Always',
    };
    const second = apply(defaulted, deployment(containers({ name: 'a', image: 'i' })), 'me');
    expect(second.spec).toEqual(containers({ name: 'a', image: 'i' }));
  });

  it('keeps what another manager owns as well', () => {
    const config = deployment({ replicas: 3 });
    const shared = apply(apply(undefined, config, 'one'), config, 'two');
    expect(owned(shared, 'one')).toEqual(owned(shared, 'two'));
    const left = apply(shared, deployment({}), 'one');
    expect(left.spec).toEqual({ replicas: 3 });
    expect(owned(left, 'one')).toEqual({ 'f:spec': {} });
    const gone = apply(left, deployment({ paused: true }), 'two');
    expect(gone.spec).toEqual({ paused: true });
  });

  it('refuses to change what another owns, field by field, unless forced', () => {
    const live = apply(undefined, deployment({ replicas: 1, ...containers({ name: 'a', image: 'one' }) }), 'one');
    const config = deployment({ replicas: 2, ...containers({ name: 'a', image: 'two' }) });
    expect(conflict(() => apply(live, config, 'two'))).toEqual([
      'conflict with "one": .spec.replicas',
      'conflict with "one": .spec.template.spec.containers[name="a"].image',
    ]);
    const taken = apply(live, config, 'two', true);
    expect(taken.spec).toEqual(config.spec);
    expect(owned(taken, 'one')).not.toHaveProperty(['f:spec', 'f:replicas']);
    expect(owned(taken, 'two')).toHaveProperty(['f:spec', 'f:replicas']);
  });

  it('merges lists by key: own elements in own order, those of others kept', () => {
    const live = apply(undefined, deployment(containers({ name: 'sidecar', image: 's' })), 'mesh');
    const both = apply(live, deployment(containers({ name: 'a', image: 'i' }, { name: 'b', image: 'i' })), 'me');
    expect(both.spec).toEqual(
      containers({ name: 'sidecar', image: 's' }, { name: 'a', image: 'i' }, { name: 'b', image: 'i' }),
    );
    const turned = apply(both, deployment(containers({ name: 'b', image: 'i' }, { name: 'a', image: 'i' })), 'me');
    expect(turned.spec).toEqual(
      containers({ name: 'sidecar', image: 's' }, { name: 'b', image: 'i' }, { name: 'a', image: 'i' }),
    );
  });

  it('gives what was there before to nobody in particular', () => {
    const live = deployment({ replicas: 1 });
    expect(conflict(() => apply(live, deployment({ replicas: 2 }), 'me'))).toEqual([
      'conflict with "before-first-apply" using apps/v1: .spec.replicas',
    ]);
  });

  it('refuses lists that cannot be keyed, and managedFields', () => {
    expect(() => apply(undefined, deployment(containers({ image: 'i' })), 'me')).toThrow(
      'omits all key fields ["name"]',
    );
    expect(() => apply(undefined, deployment(containers({ name: 'a' }, { name: 'a' })), 'me')).toThrow(
      'duplicate entries for key',
    );
    expect(() => apply(undefined, deployment({}, { managedFields: [{ manager: 'x' }] }), 'me')).toThrow(
      'managedFields must be nil',
    );
  });

  it('works without a schema: maps part by part, lists as a whole', () => {
    const free = { schema: undefined, catalogue };
    const boat = (spec: object): KubeObject => ({
      apiVersion: 'e.com/v1',
      kind: 'Boat',
      metadata: { name: 'b' },
      spec,
    });
    const live = applyConfiguration(free, undefined, boat({ a: { b: 1 }, list: [1, 2] }), by('one'));
    const next = applyConfiguration(free, live, boat({ a: { c: 2 } }), by('two'));
    expect(next.spec).toEqual({ a: { b: 1, c: 2 }, list: [1, 2] });
  });
});

describe('ordinary writes', () => {
  it('own what they change, and take it from those who owned it', () => {
    const live = apply(undefined, deployment({ replicas: 1, paused: true }), 'me');
    const scaled = trackUpdate(typed, live, { ...live, spec: { replicas: 5, paused: true } }, by('scaler'));
    expect(owned(scaled, 'scaler')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(owned(scaled, 'me')).toEqual({ 'f:spec': { 'f:paused': {} } });
    expect(conflict(() => apply(scaled, deployment({ replicas: 1, paused: true }), 'me'))).toEqual([
      'conflict with "scaler" using apps/v1: .spec.replicas',
    ]);
  });

  it('forget what is gone, keep the record when nothing changed, and clear it when told to', () => {
    const live = trackUpdate(typed, undefined, deployment({ replicas: 1 }, { labels: { a: 'b' } }), by('creator'));
    expect(owned(live, 'creator')).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
      'f:spec': { '.': {}, 'f:replicas': {} },
    });
    expect(trackUpdate(typed, live, structuredClone(live), by('other')).metadata.managedFields).toEqual(
      live.metadata.managedFields,
    );
    const bare = trackUpdate(
      typed,
      live,
      deployment({ replicas: 1 }, { managedFields: live.metadata.managedFields }),
      by('other'),
    );
    expect(owned(bare, 'creator')).toEqual({ 'f:spec': { '.': {}, 'f:replicas': {} } });
    const cleared = trackUpdate(
      typed,
      live,
      deployment({ replicas: 1 }, { labels: { a: 'b' }, managedFields: [{}] }),
      by('other'),
    );
    expect(cleared.metadata.managedFields).toBeUndefined();
  });
});

describe('sets of fields', () => {
  const elements = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'v:1');
  const tree = fc.letrec<{ node: object }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.constant({}),
      fc.dictionary(elements, tie('node'), { maxKeys: 3 }),
      fc.dictionary(elements, tie('node'), { maxKeys: 3 }).map((node) => ({ ...node, '.': {} })),
    ),
  })).node;
  const set = tree.map((fields) => fieldSetFromFieldsV1(fields));

  it('obey the laws of sets', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(a.difference(a).isEmpty).toBe(true);
        expect(a.union(b).equals(b.union(a))).toBe(true);
        expect(a.difference(b).union(a.intersection(b)).equals(a)).toBe(true);
        expect(a.difference(b).intersection(b).isEmpty).toBe(true);
        expect(fieldSetFromFieldsV1(a.toFieldsV1()).equals(a) || a.isEmpty).toBe(true);
      }),
    );
  });

  it('reads anything, or refuses it with an error', () => {
    const hostile = fc.dictionary(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `k:${text}`),
      ),
      fc.constant({}),
    );
    fc.assert(
      fc.property(fc.oneof(fc.anything(), hostile), (value) => {
        try {
          expect(fieldSetFromFieldsV1(value).paths()).toBeInstanceOf(Array);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('values of any shape', () => {
  const definition = (colour: unknown): KubeObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: { type: 'object', default: colour } } }] },
  });
  const schema = catalogue.definition(
    'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  );

  it.each([['red'], [1], [true], [['a']], [{ a: { b: 1 } }]])('are one value in built-in kinds: %j', (colour) => {
    const applied = applyConfiguration(
      { schema, catalogue, absent: () => undefined },
      undefined,
      definition(colour),
      by('me'),
    );
    expect(applied.spec).toEqual(definition(colour).spec);
  });

  it.each([
    ['red', {}],
    [{ a: 1 }, { 'f:a': {} }],
    [['a'], {}],
  ])('are taken apart by what they are in custom kinds: %j', (any, fields) => {
    const custom = { type: 'object', properties: { any: { 'x-kubernetes-preserve-unknown-fields': true } } } as const;
    const config = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' }, any };
    const applied = applyConfiguration({ schema: custom, catalogue }, undefined, config, by('me'));
    expect(owned(applied, 'me')).toEqual({ 'f:any': fields });
  });
});
