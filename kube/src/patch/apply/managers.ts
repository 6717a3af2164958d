import type { ManagedFieldsEntry } from '../../objects/index.ts';
import { FieldSet, fieldSetFromFieldsV1, fieldsV1Of } from './field-set.ts';

/** Who owns which fields of an object. */
export interface Owner {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  /** RFC 3339; nothing when the owner changed nothing. */
  time: string | undefined;
  set: FieldSet;
}

/** By `identityOf`. */
export type Owners = Map<string, Owner>;

/** What nobody owns: identity, and what the server writes. */
const unowned = FieldSet.of([
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map((field) => ['f:metadata', `f:${field}`]),
]);

/**
 * What tells one owner from another: an applier is the same in every version, an updater is not. Conflicts are sorted
 * by it, which is why it has the form that Kubernetes gives it.
 */
export function identityOf(owner: Pick<Owner, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify({
    ...(owner.manager === '' ? {} : { manager: owner.manager }),
    operation: owner.operation,
    ...(owner.operation === 'Apply' || owner.apiVersion === '' ? {} : { apiVersion: owner.apiVersion }),
    ...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
  });
}

/** Reads `managedFields`. Throws an `Error` with a text when an entry is malformed. */
export function ownersFrom(entries: readonly ManagedFieldsEntry[] | undefined): Owners {
  const owners: Owners = new Map();
  for (const [index, entry] of (entries ?? []).entries()) {
    const { operation, apiVersion, fieldsType } = entry;
    if (operation !== 'Apply' && operation !== 'Update') throw new Error('operation must be `Apply` or `Update`');
    if (!apiVersion) throw new Error('apiVersion must not be empty');
    if (!fieldsType) throw new Error(`missing fieldsType in managed fields entry ${index}`);
    if (fieldsType !== 'FieldsV1') {
      throw new Error(`invalid fieldsType ${JSON.stringify(fieldsType)} in managed fields entry ${index}`);
    }
    const { manager = '', subresource = '', time, fieldsV1 } = entry;
    const owner: Owner = {
      manager,
      operation,
      apiVersion,
      subresource,
      time: time ?? undefined,
      set: fieldSetFromFieldsV1(fieldsV1),
    };
    owners.set(identityOf(owner), owner);
  }
  return owners;
}

/** The entries in Kubernetes' order: appliers before updaters, the older before the newer. */
export function entriesOf(owners: Owners): ManagedFieldsEntry[] {
  return [...owners.values()].sort(inOrder).map(({ manager, operation, apiVersion, subresource, time, set }) => ({
    ...(manager === '' ? {} : { manager }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1Of(set),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

function inOrder(a: Owner, b: Owner): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function seconds(time: string | undefined): number {
  const at = time === undefined ? Number.NaN : Date.parse(time);
  return Number.isNaN(at) ? 0 : Math.floor(at / 1000);
}

/** Takes from one owner what nobody owns; the owner goes when that was all. */
export function strip(owners: Owners, identity: string): void {
  const owner = owners.get(identity);
  if (owner === undefined) return;
  const set = owner.set.difference(unowned);
  if (set.isEmpty) owners.delete(identity);
  else owners.set(identity, { ...owner, set });
}

/** As many updaters as an object keeps apart. */
const mostUpdaters = 10;

/** Makes one of the oldest updaters when there are too many, version by version. */
export function capUpdaters(owners: Owners): void {
  const updaters = [...owners]
    .filter(([, owner]) => owner.operation === 'Update')
    .sort(([a, { time: p }], [b, { time: q }]) => seconds(p) - seconds(q) || compareText(a, b));
  let count = updaters.length;
  const firsts = new Map<string, string>();
  // What becomes one is put together at the end: there may be very many.
  const buckets = new Map<string, { owner: Omit<Owner, 'set'>; sets: FieldSet[] }>();
  for (const [identity, { set, ...owner }] of updaters) {
    if (count <= mostUpdaters) break;
    const first = firsts.get(owner.apiVersion);
    if (first === undefined) {
      firsts.set(owner.apiVersion, identity);
      continue;
    }
    const ancient = { ...owner, manager: 'ancient-changes', subresource: '' };
    const name = identityOf(ancient);
    let bucket = buckets.get(name);
    if (bucket === undefined) {
      const older = owners.get(name) ?? owners.get(first);
      if (!owners.has(name)) owners.delete(first);
      bucket = { owner: ancient, sets: older === undefined ? [] : [older.set] };
      buckets.set(name, bucket);
    }
    owners.delete(identity);
    // The newer time is the one that says until when the bucket reaches.
    bucket.owner = ancient;
    bucket.sets.push(set);
    count--;
  }
  for (const [name, { owner, sets }] of buckets) owners.set(name, { ...owner, set: FieldSet.unionOf(sets) });
}
