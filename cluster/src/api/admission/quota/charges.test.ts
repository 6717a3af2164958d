import { expect, test } from 'vitest';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import { encodeObject } from '../../storage/stored-object.ts';
import type { AdmissionRequest } from '../admission.ts';
import { Charges } from './charges.ts';

const key = '/registry/core/services/default/a';
const version = (revision: number) =>
  encodeObject(key, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', uid: 'u' } }, revision);

test('a charge counts until what was paid for is seen, though what it was made of is not seen yet either', () => {
  let seen = version(1);
  const charges = new Charges({ get: () => seen } as unknown as ObjectStorage);
  const request = {
    call: { kind: { prefix: '/registry/core/services/' } },
    ...{ namespace: 'default', name: 'a', settled: [] },
    ...{ old: version(2).object, object: version(2).object },
  } as unknown as AdmissionRequest;
  charges.add(request, new Map([['quota', {}]]), () => {});
  for (const [revision, isCounted] of [
    [1, true],
    [2, true],
    [3, false],
  ] as const) {
    seen = version(revision);
    expect(charges.comingFor('quota') !== undefined, String(revision)).toBe(isCounted);
  }
});
