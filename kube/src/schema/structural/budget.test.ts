import { expect, test } from 'vitest';
import type { KubeObject } from '../../objects/index.ts';
import type { Schema } from '../types.ts';
import { type CustomResourceDefinition, customSchema } from './index.ts';

const patterns = (count: number) => Array.from({ length: count }, (_, at) => ({ pattern: `a${at}` }));
const listOf = (items: Schema): Schema => ({ type: 'object', properties: { list: { type: 'array', items } } });

function schemaOf(openAPIV3Schema: Schema) {
  const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } };
  const names = { plural: 'tests', singular: 'test', kind: 'Test', listKind: 'TestList' };
  return customSchema(
    {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'tests.example.com' },
      spec: { group: 'example.com', scope: 'Namespaced', names, versions: [version] },
    } as unknown as CustomResourceDefinition,
    'v1',
  );
}

const object = (list: unknown[]) =>
  ({ apiVersion: 'example.com/v1', kind: 'Test', metadata: { name: 'x', namespace: 'default' }, list }) as KubeObject;
const judge = (schema: Schema, list: unknown[]) =>
  schemaOf(schema).validate(object(list), undefined, { subresource: '' });

test('alternatives for more values than anybody should wait for are refused', () => {
  const many = listOf({ type: 'string', anyOf: patterns(200) });
  const tooLong = /^validating the object by its schema takes too long/;
  expect(() => judge(many, Array(20_000).fill('b'))).toThrow(tooLong);
  expect(judge(many, Array(2000).fill('a199'))).toEqual([]);
  expect(() => judge(listOf({ type: 'string', allOf: [...patterns(20_000)] }), Array(100).fill('a'))).toThrow(tooLong);
});

test('so are patterns that may take as long, and enumerations', () => {
  const large = listOf({ type: 'string', pattern: '(a?){1000}a{1000}' });
  expect(() => judge(large, ['a'.repeat(100_000)])).toThrow(/takes too long/);
  expect(judge(large, ['a'.repeat(1000)])).toEqual([]);
  const names = Array.from({ length: 10_000 }, (_, at) => `n${at}`);
  expect(() => judge(listOf({ type: 'string', enum: names }), Array(10_000).fill('n9999'))).toThrow(/takes too long/);
});

test('a plain list may be as long as a body can hold', () => {
  const numbers = listOf({ type: 'integer', minimum: 0 });
  expect(judge(numbers, Array(1_000_000).fill(1))).toEqual([]);
});

test('defaults may not make an object larger than a request may be; what is kept already is shown without the rest', () => {
  const schema = schemaOf(
    listOf({ type: 'object', properties: { text: { type: 'string', default: 'x'.repeat(10_000) } } }),
  );
  const long = () => object(Array.from({ length: 100_000 }, () => ({})));
  expect(() => schema.applyDefaults(long())).toThrow(/^the defaults of the schema make the object too large/);
  const shown = schema.read(long()) as unknown as { list: { text?: string }[] };
  expect(shown.list.filter(({ text }) => text !== undefined)).toHaveLength(314);
});
