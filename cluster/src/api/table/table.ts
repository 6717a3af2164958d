import type { KubeObject } from '@berth/kube/objects';
import { type Column, columnCell } from '@berth/kube/schema';
import type { ListAnswerMeta } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { ServedKind } from '../kinds.ts';
import type { Cell } from './cells/cell.ts';
import { cellsOf } from './cells/index.ts';
import { age } from './duration.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface Table {
  kind: 'Table';
  apiVersion: 'meta.k8s.io/v1';
  metadata: ListAnswerMeta;
  columnDefinitions: unknown[];
  rows: unknown[];
}

/** Tables as `kubectl get` prints them: the columns of a kind, and one row for each object. */
export class Tables {
  readonly #now: () => Date;

  constructor(now: () => Date) {
    this.#now = now;
  }

  table(kind: ServedKind, objects: readonly KubeObject[], metadata: ListAnswerMeta, include: IncludeObject): Table {
    const { columns } = kind.description;
    const cells = columns.map((column) => cellOf(kind, column));
    const now = this.#now();
    return {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata,
      columnDefinitions: columns.map(definition),
      rows: objects.map((object) => ({ cells: cells.map((cell) => cell(object, now)), ...rowObject(object, include) })),
    };
  }

  /** A Scale, as `kubectl get --subresource=scale` prints it, whatever is scaled. */
  scale(object: KubeObject, include: IncludeObject): Table {
    const { spec, status, metadata } = object as KubeObject & Record<'spec' | 'status', { replicas?: number }>;
    const cells = [
      metadata.name,
      spec?.replicas ?? 0,
      status?.replicas ?? 0,
      age(metadata.creationTimestamp, this.#now()),
    ];
    return {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: metadata.resourceVersion ?? '' },
      columnDefinitions: scaleColumns.map(definition),
      rows: [{ cells, ...rowObject(object, include) }],
    };
  }

  /** A bookmark in a watch of tables: no cells, only the object that bears the version. */
  bookmark(kind: ServedKind, object: KubeObject): Table {
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
    const table = this.table(kind, [], metadata, 'None');
    return { ...table, rows: [{ cells: kind.description.columns.map(() => ''), ...rowObject(object, 'Metadata') }] };
  }
}

const scaleColumns: readonly Column[] = [
  { name: 'Name', type: 'string', format: 'name' },
  { name: 'Desired', type: 'integer' },
  { name: 'Available', type: 'integer' },
  { name: 'Age', type: 'string' },
];

/** The `includeObject` of a request for a table. */
export function includeObjectOf(options: ReadonlyMap<string, string>): IncludeObject {
  const value = options.get('includeObject') || 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw badRequest(`unrecognized includeObject value: "${value}"`);
}

function rowObject(object: KubeObject, include: IncludeObject): object {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata } };
}

function definition(column: Column): object {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? '',
    priority: column.priority ?? 0,
  };
}

function cellOf({ description, isCustom }: ServedKind, column: Column): Cell {
  if (isCustom) return columnCell(column, age);
  const computed = cellsOf(description.group, description.kind)?.[column.name];
  if (computed) return computed;
  const path = column.jsonPath;
  if (path === undefined) return () => '<unknown>';
  if (path === '.metadata.creationTimestamp' && column.type !== 'date') {
    return (object, now) => age(object.metadata.creationTimestamp, now);
  }
  const steps = path.replace(/^\./, '').split('.');
  const absent = column.type === 'integer' || column.type === 'number' ? 0 : column.type === 'boolean' ? false : '';
  return (object) => valueAt(object, steps) ?? absent;
}

export function valueAt(object: unknown, steps: readonly string[]): unknown {
  let value = object;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
