import { readFileSync } from 'node:fs';
import type { Schema, SchemaCatalogue } from './types.ts';

/** A catalogue over definitions by name. `resolve` follows a `$ref`; what has none is its own answer. */
export function catalogueOf(definitions: Readonly<Record<string, Schema>>): SchemaCatalogue {
  const byName = new Map(Object.entries(definitions));
  return {
    definition: (name) => byName.get(name),
    resolve(schema) {
      if (schema.$ref === undefined) return schema;
      const found = byName.get(schema.$ref);
      if (found === undefined) throw new Error(`the catalogue has no definition ${schema.$ref}`);
      return found;
    },
  };
}

let definitions: Readonly<Record<string, Schema>> | undefined;
let catalogue: SchemaCatalogue | undefined;

/** The generated definitions of the built-in kinds by name, read on first use and never changed. */
export function builtInDefinitions(): Readonly<Record<string, Schema>> {
  if (definitions === undefined) {
    const text = readFileSync(new URL('./generated/definitions.json', import.meta.url), 'utf8');
    const { '//': _generated, ...rest } = JSON.parse(text) as Record<string, Schema>;
    definitions = rest;
  }
  return definitions;
}

/** The catalogue of the built-in kinds, read on first use (about 5 ms). */
export function builtInCatalogue(): SchemaCatalogue {
  catalogue ??= catalogueOf(builtInDefinitions());
  return catalogue;
}
