/** Part of a decoded object: its types were checked against the schema, its presence was not. */
export type Fields = Record<string, unknown>;

/** Sets a field that is absent; an empty string counts as absent, as in Kubernetes' defaulting. */
export function fill(object: Fields, field: string, value: unknown): void {
  const present = object[field];
  if (present === undefined || present === null || present === '') object[field] = value;
}

/** Sets several absent fields. */
export function fillAll(object: Fields, values: Readonly<Fields>): void {
  for (const [field, value] of Object.entries(values)) fill(object, field, value);
}

/** Sets several absent fields whose Go type is a pointer: an empty string is there, and is judged. */
export function fillPointers(object: Fields, values: Readonly<Fields>): void {
  for (const [field, value] of Object.entries(values)) object[field] ??= value;
}

/** Sets several absent numbers, where the Go type has no pointer: a zero counts as absent. */
export function fillZero(object: Fields, values: Readonly<Fields>): void {
  for (const [field, value] of Object.entries(values)) {
    if (object[field] === 0) object[field] = value;
    else fill(object, field, value);
  }
}

/** A field that is an object, or nothing. */
export function part(object: Fields | undefined, field: string): Fields | undefined {
  const value = object?.[field];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A field that is an object; made when absent. */
export function ensure(object: Fields, field: string): Fields {
  const present = part(object, field);
  if (present !== undefined) return present;
  const made: Fields = {};
  object[field] = made;
  return made;
}

/** A field that is a list of objects; empty when absent. */
export function parts(object: Fields | undefined, field: string): Fields[] {
  const value = object?.[field];
  return Array.isArray(value) ? value.filter((item): item is Fields => typeof item === 'object' && item !== null) : [];
}

/** A field that is a string, or nothing. */
export function text(object: Fields | undefined, field: string): string | undefined {
  const value = object?.[field];
  return typeof value === 'string' ? value : undefined;
}
