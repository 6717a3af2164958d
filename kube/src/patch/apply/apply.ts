import { BerthError, type ErrorCause } from '../../errors/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../objects/index.ts';
import type { Schema, SchemaCatalogue } from '../../schema/types.ts';
import { clone, sameData } from '../data.ts';
import { FieldSet, fieldSetFromFieldsV1 } from './field-set.ts';
import { type Comparison, Typed } from './typed.ts';

export interface FieldManager {
  /** Who writes. */
  manager: string;
  /** The version that the writer speaks: `apps/v1`. */
  apiVersion: string;
  /** RFC 3339. */
  time: string;
  /** `status`, `scale`; nothing for the object itself. */
  subresource?: string | undefined;
}

/** The object's schema, and where its references lead. A kind without schema merges by the shape of its values. */
export interface TypedBy {
  schema: Schema | undefined;
  catalogue: SchemaCatalogue;
}

interface Managed extends ManagedFieldsEntry {
  set: FieldSet;
}

/** What nobody owns: identity, and what the server writes. */
const unowned = [
  ['f:apiVersion'],
  ['f:kind'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'generation',
    'managedFields',
    'resourceVersion',
    'generateName',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ].map((field) => ['f:metadata', `f:${field}`]),
];

/**
 * Server-side apply: `config` names the fields that its manager wants, with their values. Answers the object to be
 * stored: `live` with them laid over it, without those that the manager named before and nobody else owns, and with
 * `managedFields` brought up to date. Where nothing changes, the answer equals `live`.
 *
 * Throws `Conflict` with one cause per field when another manager owns a field that would change, unless `force` takes
 * it over; `BadRequest` for a configuration that carries `managedFields` or lists that cannot be keyed.
 * Source: "Server-Side Apply" of the Kubernetes documentation; KEP-555.
 */
export function applyConfiguration(
  typed: TypedBy,
  live: KubeObject | undefined,
  config: KubeObject,
  by: FieldManager & { force?: boolean },
): KubeObject {
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields.length > 0) {
    throw new BerthError('BadRequest', 'metadata.managedFields must be nil');
  }
  const walker = new Typed(typed.catalogue);
  const base = withoutManagedFields(
    live ?? ({ apiVersion: config.apiVersion, kind: config.kind, metadata: {} } as KubeObject),
  );
  const managers = live === undefined ? [] : managersBefore(walker, typed, live, by);
  const index = indexOf(managers, 'Apply', by);
  const last = index < 0 ? new FieldSet() : (managers[index]?.set ?? new FieldSet());
  const wanted = walker.fieldsOf(typed.schema, withoutManagedFields(config)).without(unowned);
  const merged = walker.merge(typed.schema, base, withoutManagedFields(config));
  const others = managers.filter((_, position) => position !== index);
  const abandoned = last.difference(wanted);
  const pruned = (walker.remove(typed.schema, merged, notOwned(abandoned, others, wanted)) ?? merged) as KubeObject;

  const change = walker.compare(typed.schema, base, pruned);
  const touched = change.added.union(change.modified).without(unowned);
  const conflicts = others
    .map((other) => ({ other, set: other.set.intersection(touched) }))
    .filter(({ set }) => !set.isEmpty);
  if (conflicts.length > 0 && by.force !== true) throw conflictOf(conflicts);
  for (const { other, set } of conflicts) other.set = other.set.difference(set);
  forget(managers, change);

  const entry = entryOf('Apply', by, wanted);
  const same = index >= 0 && conflicts.length === 0 && last.equals(wanted) && sameData(base, pruned);
  if (same && live !== undefined) return live;
  return withManagers(clone(pruned), [...others, entry]);
}

/**
 * Who owns what after an ordinary write that turned `live` into `next`: the writer owns what it changed, and those who
 * owned that before no longer do. Answers `next` with `managedFields` brought up to date.
 */
export function trackUpdate(
  typed: TypedBy,
  live: KubeObject | undefined,
  next: KubeObject,
  by: FieldManager,
): KubeObject {
  // What the writer says of ownership counts, so that it can be handed over; `[{}]` clears it, silence keeps it.
  const managers = managersOf(next.metadata.managedFields?.length ? next : live);
  const walker = new Typed(typed.catalogue);
  const before =
    live === undefined ? { apiVersion: next.apiVersion, kind: next.kind, metadata: {} } : withoutManagedFields(live);
  const change = walker.compare(typed.schema, before, withoutManagedFields(next));
  const touched = change.added.union(change.modified).without(unowned);
  const index = indexOf(managers, 'Update', by);
  const own = index < 0 ? new FieldSet() : (managers[index]?.set ?? new FieldSet());
  for (const [position, other] of managers.entries()) if (position !== index) other.set = other.set.difference(touched);
  forget(managers, change);
  const kept = index < 0 ? own : (managers[index]?.set ?? own);
  if (touched.isEmpty) return withManagers(withoutManagedFields(next), managers);
  return withManagers(withoutManagedFields(next), [
    ...managers.filter((_, position) => position !== index),
    entryOf('Update', by, kept.union(touched)),
  ]);
}

/** What nobody wants any more: abandoned paths that no other manager names, nor anything below them. */
function notOwned(abandoned: FieldSet, others: readonly Managed[], wanted: FieldSet): FieldSet {
  return [wanted, ...others.map(({ set }) => set)].reduce((left, set) => spare(left, set), abandoned);
}

function spare(set: FieldSet, owned: FieldSet): FieldSet {
  const result = new FieldSet(set.member && owned.isEmpty);
  for (const [element, child] of set.children) {
    const theirs = owned.children.get(element);
    const left = theirs === undefined ? child : spare(child, theirs);
    if (!left.isEmpty) result.children.set(element, left);
  }
  return result;
}

function forget(managers: readonly Managed[], change: Comparison): void {
  for (const manager of managers) manager.set = manager.set.difference(change.removed);
}

function managersOf(object: KubeObject | undefined): Managed[] {
  return (object?.metadata.managedFields ?? [])
    .filter((entry) => entry.manager !== undefined)
    .map((entry) => ({ ...entry, set: fieldSetFromFieldsV1(entry.fieldsV1) }));
}

/** Who owns the live object; what was written before anyone kept a record belongs to `before-first-apply`. */
function managersBefore(walker: Typed, typed: TypedBy, live: KubeObject, by: FieldManager): Managed[] {
  const managers = managersOf(live);
  if (managers.length > 0) return managers;
  const set = walker.compare(typed.schema, {}, withoutManagedFields(live)).added.without(unowned);
  const { apiVersion, time } = by;
  return [entryOf('Update', { manager: 'before-first-apply', apiVersion, time }, set)];
}

function indexOf(managers: readonly Managed[], operation: 'Apply' | 'Update', by: FieldManager): number {
  return managers.findIndex(
    (entry) =>
      entry.manager === by.manager &&
      entry.operation === operation &&
      entry.apiVersion === by.apiVersion &&
      (entry.subresource ?? '') === (by.subresource ?? ''),
  );
}

function entryOf(operation: 'Apply' | 'Update', by: FieldManager, set: FieldSet): Managed {
  const entry: Managed = {
    manager: by.manager,
    operation,
    apiVersion: by.apiVersion,
    time: by.time,
    fieldsType: 'FieldsV1',
    set,
  };
  if (by.subresource) entry.subresource = by.subresource;
  return entry;
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: metadata as KubeObject['metadata'] };
}

/** Entries that own nothing go; appliers stand before updaters, the older before the newer. */
function withManagers(object: KubeObject, managers: readonly Managed[]): KubeObject {
  const entries = managers
    .filter(({ set }) => !set.isEmpty)
    .sort(
      (a, b) =>
        (a.operation ?? '').localeCompare(b.operation ?? '') ||
        (a.time ?? '').localeCompare(b.time ?? '') ||
        (a.manager ?? '').localeCompare(b.manager ?? ''),
    )
    .map(({ set, ...entry }) => ({ ...entry, fieldsV1: set.toFieldsV1() }));
  if (entries.length === 0) return object;
  return { ...object, metadata: { ...object.metadata, managedFields: entries } };
}

function conflictOf(conflicts: readonly { other: Managed; set: FieldSet }[]): BerthError {
  const causes: ErrorCause[] = conflicts.flatMap(({ other, set }) => {
    const subresource = other.subresource ? ` with subresource ${JSON.stringify(other.subresource)}` : '';
    const who = `${JSON.stringify(other.manager)}${subresource} using ${other.apiVersion}`;
    return set.paths().map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field }));
  });
  const [first] = causes;
  const message =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${causes.map((cause) => `${cause.message}: ${cause.field}`).join('\n')}`;
  return new BerthError('Conflict', message, { details: { causes } });
}
