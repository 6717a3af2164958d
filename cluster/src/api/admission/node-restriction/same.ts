import { isDeepStrictEqual } from 'node:util';

/** Whether two parts of objects say the same: empty lists and maps say nothing. Source: apimachinery `equality.Semantic`. */
export function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(said(a), said(b));
}

function said(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value ?? undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(said);
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const what = said(field);
    return what === undefined ? [] : [[name, what] as const];
  });
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
