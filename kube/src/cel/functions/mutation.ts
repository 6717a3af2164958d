import { type CelType, dyn, type ObjectField, type ObjectType, opaque, string } from '../types.ts';
import { reading } from './costs.ts';
import { declare } from './declare.ts';

const patchFields: readonly (readonly [string, CelType])[] = [
  ['op', string],
  ['path', string],
  ['from', string],
  ['value', dyn],
];

/** Any other field is of no type at all, so that nothing can be given for it. */
class PatchFields extends Map<string, ObjectField> {
  constructor() {
    super(patchFields.map(([property, type]) => [property, { property, type }]));
  }

  override get(property: string): ObjectField {
    return super.get(property) ?? { property, type: opaque('') };
  }
}

/** One operation of a JSON patch, `JSONPatch{op: 'add', path: '/spec', value: 1}`. */
export const jsonPatchType: ObjectType = {
  kind: 'object',
  name: 'JSONPatch',
  fields: new PatchFields(),
};

/**
 * The types that expressions of a MutatingAdmissionPolicy may build: `JSONPatch`, and `Object`, `Object.spec`,
 * `Object.spec.template` …, which take any field. Give it to `compile` as `constructible`.
 */
export function mutationTypes(name: string): CelType | undefined {
  if (name === 'JSONPatch') return jsonPatchType;
  return name === 'Object' || name.startsWith('Object.') ? anyObject(name) : undefined;
}

/** An object whose every field may be anything; an object in it must be of the type that its place names. */
function anyObject(name: string): ObjectType {
  return { kind: 'object', name, fields: new AnyFields() };
}

class AnyFields extends Map<string, ObjectField> {
  override get(property: string): ObjectField {
    return { property, type: dyn };
  }

  override has(): boolean {
    return true;
  }
}

const escapeKey = (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Only there where patches are made. */
export const mutation = [declare('#jsonpatch.escapeKey(string): string', escapeKey, reading)];
