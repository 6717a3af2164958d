import { describe, expect, test } from 'vitest';
import { namedStatus, type TakenNames, takenBy } from './names.ts';
import { boats, boatVersion, condition } from './testing.ts';
import { compareVersions } from './version-order.ts';

const now = new Date('2026-03-01T12:00:00Z');
const later = new Date('2026-03-02T12:00:00Z');
const free: TakenNames = takenBy(undefined);
const definition = (names: object = {}) =>
  boats([boatVersion('v1')], {
    names: { plural: 'boats', singular: 'boat', kind: 'Boat', listKind: 'BoatList', shortNames: ['bt'], ...names },
  });

describe('names', () => {
  test.each([
    ['PluralConflict', { plural: 'boats' }, { plural: '' }],
    ['SingularConflict', { plural: 'x', singular: 'boat' }, { plural: 'boats' }],
    ['ShortNamesConflict', { plural: 'x', shortNames: ['bt'] }, { plural: 'boats', singular: 'boat' }],
    ['KindConflict', { plural: 'x', kind: 'Boat' }, { kind: '' }],
    ['ListKindConflict', { plural: 'x', kind: 'X', listKind: 'BoatList' }, { kind: 'Boat' }],
    ['SingularConflict', { plural: 'x', shortNames: ['boat'] }, { plural: 'boats' }],
  ])('that another kind has are not accepted: %s', (reason, others, accepted) => {
    const status = namedStatus(definition(), takenBy({ kind: '', ...others }), now);
    const decided = { ...boats(), status };
    expect(condition(decided, 'NamesAccepted')).toMatchObject({ status: 'False', reason });
    expect(condition(decided, 'Established')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
    expect(status.acceptedNames).toMatchObject(accepted);
  });

  test('stay as they were accepted when others are wanted that are taken', () => {
    const first = namedStatus(definition(), free, now);
    const renamed = { ...definition({ kind: 'Ship', listKind: 'ShipList' }), status: first };
    const status = namedStatus(renamed, takenBy({ plural: 'ships', kind: 'Ship' }), later);
    expect(status.acceptedNames).toMatchObject({ kind: 'Boat', listKind: 'ShipList', plural: 'boats' });
    const decided = { ...renamed, status };
    expect(condition(decided, 'NamesAccepted')).toMatchObject({ status: 'False', reason: 'KindConflict' });
    // What was established once is served on.
    expect(condition(decided, 'Established')).toMatchObject({
      status: 'True',
      lastTransitionTime: '2026-03-01T12:00:00Z',
    });
  });

  test('that are accepted stay the same object, however often they are judged', () => {
    const status = namedStatus(definition(), free, now);
    expect(namedStatus({ ...definition(), status }, free, later)).toBe(status);
  });
});

test('versions are ordered by stability, then by number, then by the alphabet', () => {
  const inOrder = 'v10 v2 v1 v0 v11beta2 v10beta3 v3beta1 v12alpha1 v11alpha2 foo1 foo10'.split(' ');
  expect([...inOrder].sort().sort(compareVersions)).toEqual(inOrder);
  expect([...inOrder].reverse().sort(compareVersions)).toEqual(inOrder);
});
