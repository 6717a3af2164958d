import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { kindForObject } from '../index.ts';
import { builtInSchema } from '../object-schema.ts';
import type { Schema } from '../types.ts';
import { type CustomResourceDefinition, type CustomSchema, customSchema } from './index.ts';

/** Schemas and values speak of the same few fields, so that they meet. */
const name = fc.constantFrom('a', 'b', 'c', 'kind', 'metadata', '__proto__', 'constructor');

const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc.record({ type: fc.constant('string'), nullable: fc.boolean(), maxLength: fc.nat(3) }, { requiredKeys: ['type'] }),
  fc.record({ type: fc.constant('string'), default: fc.constantFrom('', 'x') }),
  fc.record({ type: fc.constant('integer'), minimum: fc.nat(3), default: fc.nat(3) }, { requiredKeys: ['type'] }),
  fc.constant({ type: 'boolean' }),
  fc.constant({ 'x-kubernetes-int-or-string': true }),
  fc.constant({ 'x-kubernetes-preserve-unknown-fields': true }),
  fc.constant({ type: 'object' }),
) as fc.Arbitrary<Schema>;

const { schema } = fc.letrec<{ schema: Schema; object: Schema; list: Schema; map: Schema }>((tie) => ({
  schema: fc.oneof({ maxDepth: 4 }, leaf, tie('object'), tie('list'), tie('map')),
  object: fc.record(
    {
      type: fc.constant('object' as const),
      properties: fc.dictionary(name, tie('schema'), { maxKeys: 4 }),
      required: fc.constantFrom(['a'], ['b', 'c']),
      default: fc.constant({}),
      nullable: fc.boolean(),
      'x-kubernetes-preserve-unknown-fields': fc.constant(true),
      'x-kubernetes-embedded-resource': fc.constant(true),
    },
    { requiredKeys: ['type', 'properties'] },
  ),
  list: fc.record(
    {
      type: fc.constant('array' as const),
      items: tie('schema'),
      maxItems: fc.nat(3),
      'x-kubernetes-list-type': fc.constantFrom('set', 'atomic'),
    },
    { requiredKeys: ['type', 'items'] },
  ) as fc.Arbitrary<Schema>,
  map: fc.record({ type: fc.constant('object' as const), additionalProperties: tie('schema') }),
}));

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 0, 1.5, '', 'x', 'longer'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
}));

const definitions = kindForObject('apiextensions.k8s.io/v1', 'CustomResourceDefinition');

function definitionOf(spec: Schema): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.stable.berth.dev' },
    spec: {
      group: 'stable.berth.dev',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        },
      ],
    },
  } as unknown as CustomResourceDefinition;
}

/** What a definition with this schema serves; undefined when there can be no such definition. */
function schemaOf(spec: Schema): CustomSchema | undefined {
  const kind = definitions;
  if (kind === undefined) throw new Error('there is no kind CustomResourceDefinition');
  const schema = builtInSchema(kind);
  const { object } = schema.decode(definitionOf(spec), { mode: 'Strict' });
  const definition = schema.applyDefaults(object) as CustomResourceDefinition;
  const causes = schema.validate(definition, undefined, { subresource: '' });
  return causes.length > 0 ? undefined : customSchema(definition, 'v1');
}

const metadata = { name: 'a', namespace: 'default' };

function thing(spec: unknown): unknown {
  return { apiVersion: 'stable.berth.dev/v1', kind: 'Thing', metadata, spec };
}

function deepFreeze<T>(data: T): T {
  if (typeof data === 'object' && data !== null) {
    for (const item of Object.values(data)) deepFreeze(item);
    Object.freeze(data);
  }
  return data;
}

/** Runs `check` with what a schema makes of a value; bodies that are refused are not looked at further. */
function forAll(check: (custom: CustomSchema, object: KubeObject) => void): void {
  fc.assert(
    fc.property(schema, value, (spec, given) => {
      const custom = schemaOf(spec);
      fc.pre(custom !== undefined);
      let object: KubeObject;
      try {
        object = custom.decode(deepFreeze(thing(given)), { mode: 'Warn' }).object;
      } catch (error) {
        expect(isBerthError(error, 'BadRequest')).toBe(true);
        return;
      }
      check(custom, object);
    }),
    { numRuns: 400 },
  );
}

describe('any schema with any value', () => {
  it('knows all fields of what it has decoded', () => {
    forAll((custom, object) => {
      const again = custom.decode(object, { mode: 'Warn' });
      expect(again.warnings).toEqual([]);
      expect(again.object).toEqual(object);
    });
  });

  it('completes once and for all, and changes nothing that it reads', () => {
    forAll((custom, object) => {
      const completed = deepFreeze(custom.read(deepFreeze(object)));
      expect(custom.read(completed)).toBe(completed);
      const filled = custom.applyDefaults(structuredClone(object));
      expect(custom.applyDefaults(structuredClone(filled))).toEqual(filled);
      expect(filled).toEqual(completed);
    });
  });

  it('leaves a valid object valid, and says nothing of an object that did not change', () => {
    forAll((custom, object) => {
      const completed = custom.read(object);
      const causes = custom.validate(completed, undefined, { subresource: '' });
      const unchanged = custom.validate(structuredClone(completed), completed, { subresource: '' });
      // What resources embed is judged each time anew.
      const embedded = causes.filter(({ field }) => unchanged.some((cause) => cause.field === field));
      expect(unchanged.length).toBeLessThanOrEqual(embedded.length);
      if (causes.length === 0) expect(unchanged).toEqual([]);
    });
  });
});

describe('what nests without end', () => {
  const nested = (depth: number, wrap: (inner: unknown) => unknown) => {
    let inner: unknown = { type: 'string' };
    for (let level = 0; level < depth; level++) inner = wrap(inner);
    return inner;
  };

  it.each([900, 2000, 5000, 20_000])('is refused, at %i levels of an object', (depth) => {
    const custom = schemaOf({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
    if (custom === undefined) throw new Error('the definition was refused');
    const body = thing({ deep: nested(depth, (inner) => [{ inner }]) });
    expect(() => custom.decode(body, { mode: 'Warn' })).toThrow('exceeded max depth');
  });

  it('is served at 400 levels', () => {
    const custom = schemaOf({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
    const body = thing({ deep: nested(400, (inner) => [{ inner }]) });
    const object = custom?.decode(body, { mode: 'Warn' }).object;
    if (custom === undefined || object === undefined) throw new Error('the definition was refused');
    expect(custom.validate(custom.read(custom.applyDefaults(object)), object, { subresource: '' })).toEqual([]);
  });

  it.each([250, 1000, 5000])('is judged, at %i levels of a schema', (depth) => {
    const kind = definitions;
    if (kind === undefined) throw new Error('there is no kind CustomResourceDefinition');
    const schema = builtInSchema(kind);
    const written = nested(depth, (items) => ({ type: 'array', items })) as Schema;
    const definition = schema.decode(definitionOf(written), { mode: 'Warn' }).object;
    const messages = schema.validate(schema.applyDefaults(definition), undefined, { subresource: '' });
    expect(messages.map(({ message }) => message)).toEqual(depth < 300 ? [] : ['Invalid value: exceeded max depth']);
  });
});
