import type { KubeObject, Resource } from '@berth/kube/objects';
import type { ReactNode } from 'react';
import type { ServedResource } from '../api/resource.ts';
import type { TableColumn } from '../components/object-table/types.ts';
import type { TextKey } from '../i18n/text.ts';
import type { Sorting } from '../list/rows.ts';
import type { Health } from './health.ts';

export interface Fact {
  label: TextKey;
  value: ReactNode;
  /** Takes the whole width of the grid. */
  wide?: boolean;
}

/** How the console shows one kind: its list, and the top of its objects' pages. */
export interface KindView<T extends KubeObject = KubeObject> {
  resource: Resource<T> | ServedResource;
  /** The path of its list; an object's page is below it. */
  path: string;
  title: TextKey | { text: string };
  columns: readonly TableColumn<T>[];
  /** By name, upwards, unless said otherwise. */
  sorting?: Sorting;
  health?(object: T): Health | undefined;
  /** The important first. What every kind has (age, labels, owner) is added by the page. */
  facts?(object: T): Fact[];
  /** Which pods belong to an object of this kind. */
  podsOf?(object: T): PodSelection | undefined;
}

/** Pods by label, by owner or by node; `namespace` absent for all. */
export interface PodSelection {
  namespace?: string | undefined;
  labels?: LabelSelector;
  ownerUid?: string | undefined;
  nodeName?: string;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** The address of an object's page. */
export function addressIn(path: string): (object: KubeObject) => string {
  return ({ metadata: { namespace, name } }) =>
    `${path}${namespace === undefined ? '' : `/${namespace}`}/${encodeURIComponent(name)}`;
}

/** Whether labels fit a selector as `metav1.LabelSelector` defines it; an empty selector fits all. */
export function selects(selector: LabelSelector, labels: Record<string, string> = {}): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    if (operator === 'Exists') return value !== undefined;
    if (operator === 'DoesNotExist') return value === undefined;
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'NotIn') return value === undefined || !values.includes(value);
    return false;
  });
}
