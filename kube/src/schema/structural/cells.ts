import type { KubeObject } from '../../objects/index.ts';
import type { Column } from '../types.ts';
import { goJson } from './causes.ts';
import { isData, own } from './data.ts';
import { goText } from './go-text.ts';
import { type JsonPath, jsonPath } from './json-path.ts';

/** What a column shows of an object: a text, a number, a boolean, or null where there is nothing to show. */
export type ColumnCell = (object: KubeObject, now: Date) => string | number | boolean | null;

/**
 * The cells of a printer column of a custom resource. `age` writes how long ago a timestamp was. A path that cannot be
 * read shows nothing: definitions with such paths are refused. Source: Kubernetes' table convertor of custom resources.
 */
export function columnCell(column: Column, age: (since: string | undefined, now: Date) => string): ColumnCell {
  const path = pathOf(column.jsonPath ?? '');
  if (path === undefined) return () => null;
  return (object, now) => {
    const value = firstOf(path, object);
    if (column.type === 'string') return value === undefined ? null : textOf(value);
    if (value === undefined || value === null) return null;
    if (column.type === 'date') return typeof value === 'string' ? dateText(value, now, age) : null;
    if (column.type === 'boolean') return typeof value === 'boolean' ? value : null;
    if (typeof value !== 'number') return null;
    return column.type === 'integer' ? Math.trunc(value) : value;
  };
}

function pathOf(path: string): JsonPath | undefined {
  try {
    return jsonPath(path);
  } catch {
    return undefined;
  }
}

function firstOf(path: JsonPath, object: unknown): unknown {
  try {
    return path(object)[0];
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (value === null) return '<no value>';
  return typeof value === 'object' ? goJson(value) : goText(value);
}

function dateText(value: string, now: Date, age: (since: string | undefined, now: Date) => string): string {
  return rfc3339.test(value) && !Number.isNaN(Date.parse(value)) ? age(value, now) : '<invalid>';
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** The value of a selectable field as selectors compare it; '' when the object has none. `path` has no leading dot. */
export function fieldValue(object: unknown, path: string): string {
  let value = object;
  for (const field of path.split('.')) value = isData(value) ? own(value, field) : undefined;
  return value === undefined || value === null ? '' : goText(value);
}
