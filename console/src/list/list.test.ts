import type { KubeObject } from '@berth/kube/objects';
import { describe, expect, it } from 'vitest';
import { matches, parseQuery } from './query.ts';
import { RowSelector } from './rows.ts';

const object = (name: string, labels: Record<string, string> = {}, size?: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  size,
});

describe('the search line', () => {
  it.each([
    ['', [], []],
    ['Orders', ['orders'], []],
    ['  two  words ', ['two', 'words'], []],
    ['"two words"', ['two words'], []],
    ['"open', ['open'], []],
    ['app=shop', [], [['app', '=', 'shop']]],
    ['app==shop', [], [['app', '=', 'shop']]],
    ['app!=shop', [], [['app', '!=', 'shop']]],
    ['app=', [], [['app', '=', '']]],
    [
      'app.kubernetes.io/name=a,tier=b x',
      ['x'],
      [
        ['app.kubernetes.io/name', '=', 'a'],
        ['tier', '=', 'b'],
      ],
    ],
    ['=shop', ['=shop'], []],
    ['a,b', ['a,b'], []],
  ])('reads %j', (text, words, labels) => {
    const query = parseQuery(text);
    expect(query.words).toEqual(words);
    expect(query.labels.map((term) => [term.key, term.operator, term.value])).toEqual(labels);
  });

  it('wants every word and every label', () => {
    const orders = object('orders-1', { app: 'orders', tier: 'backend' });
    const found = (text: string) => matches(parseQuery(text), orders, () => 'orders-1\nshop\ncrashloopbackoff');
    expect(found('app=orders crash')).toBe(true);
    expect(found('app=orders tier=frontend')).toBe(false);
    expect(found('missing!=x')).toBe(true);
    expect(found('orders running')).toBe(false);
  });
});

describe('the rows of a list', () => {
  const columns = [
    { id: 'name', value: (one: KubeObject) => one.metadata.name },
    { id: 'size', value: (one: KubeObject) => one.size as number | undefined, search: () => 'big' },
  ];
  const select = (objects: KubeObject[], text: string, id: string, descending = false) =>
    new RowSelector(columns).select(objects, parseQuery(text), { id, descending }).map((one) => one.metadata.name);

  it('sorts numbers by size and what is absent last, ties by name', () => {
    const objects = [object('c', {}, 2), object('b'), object('d', {}, 10), object('a', {}, 2)];
    expect(select(objects, '', 'size')).toEqual(['a', 'c', 'd', 'b']);
    expect(select(objects, '', 'name', true)).toEqual(['d', 'c', 'b', 'a']);
  });

  it('searches texts, and what a column says is to be searched', () => {
    expect(select([object('orders'), object('search')], 'SEARCH', 'name')).toEqual(['search']);
    expect(select([object('orders'), object('search')], 'big', 'name')).toEqual(['orders', 'search']);
  });

  it('derives nothing anew for objects that did not change', () => {
    let derived = 0;
    const counting = [
      {
        id: 'name',
        value: (one: KubeObject) => {
          derived++;
          return one.metadata.name;
        },
      },
    ];
    const selector = new RowSelector(counting);
    const objects = Array.from({ length: 100 }, (_, at) => object(`pod-${at}`));
    const sorting = { id: 'name', descending: false };
    selector.select(objects, parseQuery('pod'), sorting);
    selector.select([...objects.slice(1), object('new')], parseQuery('pod'), sorting);
    expect(derived).toBe(101);
  });
});
