import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ManagedFieldsEntry } from '../../objects/index.ts';
import { FieldSet } from './field-set.ts';
import { capUpdaters, entriesOf, identityOf, type Owners, ownersFrom } from './managers.ts';

const entry = (of: { manager: string; at: number; field: string; version?: string }): ManagedFieldsEntry => ({
  manager: of.manager,
  operation: 'Update',
  apiVersion: of.version ?? 'v1',
  time: new Date(Date.UTC(2026, 0, 1) + of.at * 1000).toISOString().replace('.000Z', 'Z'),
  fieldsType: 'FieldsV1',
  fieldsV1: { [`f:${of.field}`]: {} },
});

/** As Kubernetes does it: one after the other, each into what the ones before became. */
function oneByOne(owners: Owners): void {
  const updaters = [...owners].sort(([a, { time: p = '' }], [b, { time: q = '' }]) =>
    p === q ? (a < b ? -1 : 1) : p < q ? -1 : 1,
  );
  let count = updaters.length;
  const firsts = new Map<string, string>();
  for (const [identity, owner] of updaters) {
    if (count <= 10) return;
    const first = firsts.get(owner.apiVersion);
    if (first === undefined) {
      firsts.set(owner.apiVersion, identity);
      continue;
    }
    const ancient = { ...owner, manager: 'ancient-changes', subresource: '' };
    const bucket = identityOf(ancient);
    const older = owners.get(bucket) ?? owners.get(first);
    if (!owners.has(bucket)) owners.delete(first);
    owners.delete(identity);
    owners.set(bucket, { ...ancient, set: owner.set.union(older?.set ?? new FieldSet()) });
    count--;
  }
}

test('beyond ten updaters the oldest become one, version by version', () => {
  const some = fc.record({
    manager: fc.constantFrom('ancient-changes', ...[...'abcdefghijklmnopqrs']),
    at: fc.nat(9),
    field: fc.constantFrom('x', 'y', 'z'),
    version: fc.constantFrom('v1', 'v2'),
  });
  fc.assert(
    fc.property(fc.array(some, { maxLength: 40 }), (list) => {
      const entries = list.map(entry);
      const [capped, wanted] = [ownersFrom(entries), ownersFrom(entries)];
      capUpdaters(capped);
      oneByOne(wanted);
      expect(entriesOf(capped)).toEqual(entriesOf(wanted));
    }),
  );
});

test('as many as a body can hold are made one in one walk', () => {
  const entries = Array.from({ length: 28_800 }, (_, at) => entry({ manager: `${at}`, at, field: `${at}` }));
  const owners = ownersFrom(entries);
  capUpdaters(owners);
  expect(owners.size).toBe(10);
  const ancient = [...owners.values()].find(({ manager }) => manager === 'ancient-changes');
  expect(ancient?.set.children.size).toBe(28_791);
});
