import { readFileSync } from 'node:fs';
import { builtInCatalogue, builtInDefinitions } from '../catalogue.ts';
import type { Schema } from '../types.ts';

/**
 * What Go writes of a field that is absent or zero: `omitted` nothing; `kept` a zero that was given, since the field is
 * a pointer; `zero` the zero, given or not; `null` null, which we leave out; `object` an object with its own zeros.
 */
export type Presence = 'omitted' | 'kept' | 'zero' | 'null' | 'object';

const letters: Readonly<Record<string, Presence>> = { o: 'omitted', p: 'kept', z: 'zero', n: 'null', s: 'object' };

/** Lists that Go leaves out when they are empty, and that get no default when they were given as empty: it is refused. */
const emptyCounts: ReadonlySet<string> = new Set(['io.k8s.api.autoscaling.v2.HPAScalingRules policies']);

let exceptions: ReadonlyMap<string, Presence> | undefined;

/** How the type of definition `name` writes its field. What the schema tells is overruled by what the Go types say. */
export function presenceOf(name: string, field: string, schema: Schema, required: boolean): Presence {
  exceptions ??= readExceptions();
  const known = exceptions.get(`${name} ${field}`);
  if (known !== undefined) return known;
  if (emptyCounts.has(`${name} ${field}`)) return 'kept';
  if (schema.type === 'array' || (schema.type === 'object' && schema.additionalProperties !== undefined)) {
    return required ? 'null' : 'omitted';
  }
  if (schema.type === 'object') return required ? 'object' : 'kept';
  if (schema.format?.startsWith('date-time')) return 'kept';
  return required ? 'zero' : 'omitted';
}

/**
 * What the type of a definition of the built-in kinds writes for a field that is absent: null, a zero, or nothing.
 */
export function absentValue(definition: Schema, field: string): null | string | number | boolean | undefined {
  names ??= new Map(Object.entries(builtInDefinitions()).map(([name, schema]) => [schema, name]));
  const name = names.get(definition);
  const schema = definition.properties?.[field];
  if (name === undefined || schema === undefined) return undefined;
  const required = definition.required?.includes(field) ?? false;
  const resolved = builtInCatalogue().resolve(schema);
  switch (presenceOf(name, field, resolved, required)) {
    case 'null':
      return null;
    case 'zero':
      if (resolved.type === 'boolean') return false;
      return resolved.type === 'integer' || resolved['x-kubernetes-int-or-string'] ? 0 : '';
    default:
      return undefined;
  }
}

let names: Map<Schema, string> | undefined;

function readExceptions(): ReadonlyMap<string, Presence> {
  const text = readFileSync(new URL('../generated/presence.json', import.meta.url), 'utf8');
  const { '//': _source, ...types } = JSON.parse(text) as Record<string, Record<string, string>>;
  const found = new Map<string, Presence>();
  for (const [name, byLetter] of Object.entries(types)) {
    for (const [letter, fields] of Object.entries(byLetter)) {
      const presence = letters[letter];
      if (presence === undefined) throw new Error(`presence.json knows no letter ${letter}`);
      for (const field of fields.split(' ')) found.set(`${name} ${field}`, presence);
    }
  }
  return found;
}
