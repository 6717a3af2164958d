import { expect, test } from 'vitest';
import { subPathOf } from './sub-path.ts';

const variables = new Map([
  ['POD', 'web-0'],
  ['EMPTY', ''],
  ['UP', '..'],
  ['ROOT', '/tmp'],
]);
const of = (subPathExpr: string) => subPathOf({ name: 'v', mountPath: '/v', subPathExpr }, variables);

test('a part of a volume is named by variables', () => {
  expect(subPathOf({ name: 'v', mountPath: '/v' }, variables)).toBe('');
  expect(subPathOf({ name: 'v', mountPath: '/v', subPath: '$(POD)' }, variables)).toBe('$(POD)');
  expect(of('logs/$(POD)')).toBe('logs/web-0');
  expect(of('$$(NONE)')).toBe('$(NONE)');
});

test('not by ones without a value, and never by one that leads out of the volume', () => {
  expect(() => of('$(NONE)/$(EMPTY)/$(POD)')).toThrow('missing value for EMPTY, NONE');
  expect(() => of('$(ROOT)')).toThrow('error SubPath `/tmp` must not be an absolute path');
  expect(() => of('a/$(UP)')).toThrow("unable to provision SubPath `a/..`: must not contain '..'");
});
