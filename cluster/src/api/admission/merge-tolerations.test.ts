import type { PodSpec } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { mergeTolerations } from './merge-tolerations.ts';

type Toleration = NonNullable<PodSpec['tolerations']>[number];

const any: Toleration = { operator: 'Exists' };
const key: Toleration = { key: 'a', operator: 'Exists' };
const value: Toleration = { key: 'a', operator: 'Equal', value: 'x' };
const effect: Toleration = { ...value, effect: 'NoExecute' };
const minute: Toleration = { ...effect, tolerationSeconds: 60 };
const second: Toleration = { ...effect, tolerationSeconds: 1 };
const other: Toleration = { key: 'b', operator: 'Equal', value: 'x', effect: 'NoSchedule' };

test('the wider of two stays, whichever comes first', () => {
  const chain = [any, key, value, effect, minute, second];
  for (const [at, wide] of chain.entries()) {
    for (const narrow of chain.slice(at)) {
      expect(mergeTolerations([wide, narrow]), JSON.stringify([wide, narrow])).toEqual([wide]);
      expect(mergeTolerations([narrow, wide]), JSON.stringify([narrow, wide])).toEqual([wide]);
    }
  }
  expect(mergeTolerations(chain.toReversed())).toEqual([any]);
});

test('those that cover none of each other stay in their order', () => {
  const apart: Toleration[] = [
    minute,
    { ...minute, value: 'y' },
    { ...value, effect: 'NoSchedule' },
    other,
    { key: '', operator: 'Equal', value: 'x' },
  ];
  expect(mergeTolerations(apart)).toEqual(apart);
  expect(mergeTolerations([other, minute, other, second])).toEqual([other, minute]);
});

test('without an operator, or by one that is not known, it covers its like', () => {
  const { operator: _, ...bare } = value;
  expect(mergeTolerations([bare, bare, value])).toEqual([bare]);
  expect(mergeTolerations([value, bare])).toEqual([bare]);
  const unknown = { ...value, operator: 'Gt' } as unknown as Toleration;
  expect(mergeTolerations([unknown, value, unknown])).toEqual([unknown, value]);
});

test('as many as a request can hold are merged', () => {
  const many = Array.from({ length: 50_000 }, (_, at): Toleration => ({ ...value, value: String(at) }));
  expect(mergeTolerations([...many, ...many])).toHaveLength(many.length);
  expect(mergeTolerations([...many, key])).toEqual([key]);
});
