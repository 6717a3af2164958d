import type { KubeObject } from '@berth/kube/objects';
import type { ReactNode } from 'react';
import { Age } from '../components/age.tsx';
import { Link, ReferenceLink } from '../components/link.tsx';
import { MiddleCut } from '../components/middle-cut.tsx';
import type { TableColumn } from '../components/object-table/types.ts';
import { StatusBadge } from '../components/status-badge.tsx';
import type { TextKey } from '../i18n/text.ts';
import type { CellValue } from '../list/rows.ts';
import { type Health, urgency } from './health.ts';
import { ownerReference } from './reference.ts';

/** Builds an object's page address; the kinds' own and the explorer's differ. */
export type Address = (object: KubeObject) => string;

export function nameColumn<T extends KubeObject>(address: Address): TableColumn<T> {
  return {
    id: 'name',
    label: 'column.name',
    min: 140,
    grow: 3,
    rank: 0,
    value: (object) => object.metadata.name,
    cell: (object) => (
      <Link to={address(object)} className="mono">
        <MiddleCut text={object.metadata.name} />
      </Link>
    ),
  };
}

export function namespaceColumn<T extends KubeObject>(): TableColumn<T> {
  return {
    id: 'namespace',
    label: 'column.namespace',
    min: 110,
    grow: 1,
    rank: 2,
    value: (object) => object.metadata.namespace,
  };
}

export function statusColumn<T extends KubeObject>(health: (object: T) => Health | undefined): TableColumn<T> {
  return {
    id: 'status',
    label: 'column.status',
    min: 190,
    grow: 3,
    rank: 0,
    value: (object) => {
      const found = health(object);
      return found && urgency[found.level];
    },
    search: (object) => {
      const found = health(object);
      return found && `${found.level} ${found.reason ?? ''}`;
    },
    cell: (object) => {
      const found = health(object);
      return found && <StatusBadge health={found} />;
    },
  };
}

export function ageColumn<T extends KubeObject>(): TableColumn<T> {
  return {
    id: 'age',
    label: 'column.age',
    min: 92,
    rank: 1,
    align: 'end',
    // The younger, the smaller: sorted upwards, the newest come first.
    value: (object) => -new Date(object.metadata.creationTimestamp ?? 0).getTime(),
    cell: (object) => <Age time={object.metadata.creationTimestamp} />,
  };
}

export function ownerColumn<T extends KubeObject>(): TableColumn<T> {
  return {
    id: 'owner',
    label: 'column.owner',
    min: 150,
    grow: 2,
    rank: 5,
    value: (object) => ownerReference(object)?.name,
    cell: (object) => {
      const owner = ownerReference(object);
      return owner && <ReferenceLink reference={owner} />;
    },
  };
}

export interface FigureOptions<T> {
  min?: number;
  rank?: number;
  cell?: (object: T) => ReactNode;
  optional?: boolean;
}

/** A number, set to the right in tabular figures. */
export function figureColumn<T extends KubeObject>(
  id: string,
  label: TextKey,
  value: (object: T) => CellValue,
  options: FigureOptions<T> = {},
): TableColumn<T> {
  return { id, label, min: 84, rank: 3, align: 'end', value, ...options };
}

export interface TextOptions<T> {
  min?: number;
  grow?: number;
  rank?: number;
  mono?: boolean;
  optional?: boolean;
  cell?: (object: T) => ReactNode;
}

/** A text, cut where there is no room and whole on hover. */
export function textColumn<T extends KubeObject>(
  id: string,
  label: TextKey,
  value: (object: T) => string | undefined,
  { mono = false, ...options }: TextOptions<T> = {},
): TableColumn<T> {
  const cell = (object: T) => {
    const text = value(object);
    return (
      <span className={mono ? 'mono' : undefined} title={text}>
        {text}
      </span>
    );
  };
  return { id, label, min: 100, grow: 1, rank: 4, value, cell, ...options };
}
