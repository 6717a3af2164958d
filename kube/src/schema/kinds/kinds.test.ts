import { describe, expect, it } from 'vitest';
import { builtInCatalogue, kindFor, kindForObject, kinds } from '../index.ts';

describe('kinds', () => {
  it('are found by resource and by their own words, each once', () => {
    expect(new Set(kinds.map((kind) => `${kind.group}/${kind.version}/${kind.resource}`)).size).toBe(kinds.length);
    for (const kind of kinds) {
      expect(kindFor(kind)).toBe(kind);
      expect(kindForObject(kind.group === '' ? kind.version : `${kind.group}/${kind.version}`, kind.kind)).toBe(kind);
    }
    expect(kindFor({ group: 'apps', version: 'v1', resource: 'pods' })).toBeUndefined();
  });

  it('have names that clients may type, no two alike within a version', () => {
    const taken = new Map<string, string>();
    for (const kind of kinds) {
      for (const name of new Set([kind.resource, kind.singular, ...kind.shortNames])) {
        if (name === '') continue;
        const key = `${kind.group}/${kind.version} ${name}`;
        expect(taken.get(key), key).toBeUndefined();
        taken.set(key, kind.kind);
      }
    }
  });

  it('have schemas, lists included, and fields where their selectors say', () => {
    const catalogue = builtInCatalogue();
    for (const kind of kinds) {
      expect(catalogue.definition(kind.schema), kind.schema).toBeDefined();
      if (kind.verbs.includes('list')) expect(catalogue.definition(`${kind.schema}List`), kind.kind).toBeDefined();
      const paths = [
        ...Object.values(kind.fieldSelectors).flat(),
        ...kind.columns.flatMap((column) => column.jsonPath?.slice(1) ?? []),
      ];
      for (const path of paths) {
        let schema = catalogue.definition(kind.schema);
        for (const step of path.split('.')) {
          const property = schema?.properties?.[step];
          expect(property, `${kind.kind} ${path}`).toBeDefined();
          schema = property === undefined ? undefined : catalogue.resolve(property);
        }
      }
    }
  });
});
