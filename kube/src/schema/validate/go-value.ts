import type { Fields } from '../fields.ts';

/**
 * The fields of one of Kubernetes' internal structs in the order of its declaration, by their Go names: the value that
 * stands where nothing was given, or how the struct below is written.
 */
export interface GoStruct {
  readonly [name: string]: GoField;
}

type GoField = null | string | number | boolean | Below;

interface Below {
  readonly struct: GoStruct;
  /** Written as a struct though nothing was given (`value`), as null (`pointer`), or one after the other (`list`). */
  readonly as: 'value' | 'pointer' | 'list';
}

export const pointerTo = (struct: GoStruct): Below => ({ struct, as: 'pointer' });
export const listOf = (struct: GoStruct): Below => ({ struct, as: 'list' });
export const embedded = (struct: GoStruct): Below => ({ struct, as: 'value' });

/**
 * An object as Kubernetes shows it in an error. Its validation works on internal types, whose fields have no JSON names:
 * all of them are written, the empty ones too.
 */
export function goValue(value: Fields, struct: GoStruct): Fields {
  return Object.fromEntries(
    Object.entries(struct).map(([name, field]) => [name, goField(value[jsonName(name)], field)]),
  );
}

function goField(value: unknown, field: GoField): unknown {
  if (typeof field !== 'object' || field === null) return value ?? field;
  if (field.as === 'list') {
    return Array.isArray(value) ? value.map((item: Fields) => goValue(item, field.struct)) : null;
  }
  const isGiven = typeof value === 'object' && value !== null;
  if (!isGiven && field.as === 'pointer') return null;
  return goValue(isGiven ? (value as Fields) : {}, field.struct);
}

/** `apiVersion` of `APIVersion`, `uid` of `UID`, `maxSurge` of `MaxSurge`. */
function jsonName(name: string): string {
  return name.replace(/^(?:[A-Z]+(?=[A-Z][a-z]|$)|[A-Z])/, (start) => start.toLowerCase());
}
