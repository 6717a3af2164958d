import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateFields } from '../index.ts';

describe('duplicate fields', () => {
  it.each([
    ['{"a":1,"b":{"a":2}}', []],
    ['{"a":1,"a":2}', ['a']],
    ['{"spec":{"replicas":1,"x":{},"replicas":2}}', ['spec.replicas']],
    ['{"l":[{"n":1},{"n":1,"n":"}"}]}', ['l[1].n']],
    ['{"l":[[1,2],[{"n":1,"n":2}]]}', ['l[1][0].n']],
    ['{"a\\u0062":1,"ab":2}', ['ab']],
    ['{"a":"\\",\\"a\\":","b":"{"}', []],
    ['[]', []],
    ['"x"', []],
    ['', []],
    ['{"a', []],
  ])('in %s: %j', (json, fields) => {
    expect(duplicateFields(json)).toEqual(fields.map((field) => `duplicate field "${field}"`));
  });

  it('are never found in what JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        expect(duplicateFields(JSON.stringify(value, null, indent))).toEqual([]);
      }),
    );
  });

  it('never fail', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(duplicateFields(text))).toBe(true);
      }),
    );
  });
});
