import type { KubeObject } from '@berth/kube/objects';
import { formatLabelSelector, type LabelSelectorObject, labelSelectorOf } from '@berth/kube/selectors';
import type { Cell } from './cell.ts';

/** Objects as tables read them: any field may be missing. */
export type Loose = { readonly [field: string]: unknown };

export const none = '<none>';

export function at(object: unknown, ...steps: (string | number)[]): unknown {
  let value = object;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

export function list(object: unknown, ...steps: string[]): readonly Loose[] {
  const value = at(object, ...steps);
  return Array.isArray(value) ? value : [];
}

export function texts(object: unknown, ...steps: string[]): readonly string[] {
  return list(object, ...steps) as unknown as readonly string[];
}

export function count(object: unknown, ...steps: string[]): number {
  const value = at(object, ...steps);
  if (Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

export function number(object: unknown, ...steps: string[]): number {
  const value = at(object, ...steps);
  return typeof value === 'number' ? value : 0;
}

export function text(object: unknown, ...steps: string[]): string {
  const value = at(object, ...steps);
  return value === undefined || value === null ? '' : String(value);
}

export function orNone(value: string): string {
  return value === '' ? none : value;
}

/** A cell of a plain field, `<none>` when it is missing. */
export function fieldOrNone(...steps: string[]): Cell {
  return (object) => orNone(text(object, ...steps));
}

/** `a=b,c=d` of a map of labels. */
export function labels(map: unknown): string {
  const entries = Object.entries((map ?? {}) as Record<string, string>);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return orNone(sorted.map(([key, value]) => `${key}=${value}`).join(','));
}

export function selector(value: unknown): string {
  if (value === undefined || value === null) return none;
  return orNone(formatLabelSelector(labelSelectorOf(value as LabelSelectorObject) ?? []));
}

const podSpec = ['spec', 'template', 'spec', 'containers'];

/** The columns of `-o wide` that every workload has. */
export const templateCells = {
  Containers: (object: KubeObject) =>
    list(object, ...podSpec)
      .map((container) => text(container, 'name'))
      .join(','),
  Images: (object: KubeObject) =>
    list(object, ...podSpec)
      .map((container) => text(container, 'image'))
      .join(','),
  Selector: (object: KubeObject) => selector(at(object, 'spec', 'selector')),
};
