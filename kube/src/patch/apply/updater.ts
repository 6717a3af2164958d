import type { Schema } from '../../schema/types.ts';
import { type Comparison, compare } from './compare.ts';
import { FieldSet } from './field-set.ts';
import type { Owner, Owners } from './managers.ts';
import { merge } from './merge.ts';
import type { Structures } from './structure.ts';
import { fieldsOf, reconcile, remove, withNamedFields } from './typed.ts';

/** An object in one version, with what it takes to take it apart. */
export interface Versioned {
  object: unknown;
  apiVersion: string;
  schema: Schema | undefined;
  structures: Structures;
}

/** The object in another version; undefined when that version is not served any more. */
export type Convert = (from: Versioned, apiVersion: string) => Versioned | undefined;

export interface Writer {
  identity: string;
  owner: Omit<Owner, 'set'>;
  /** The part of a set that this way of writing touches. */
  touched(set: FieldSet): FieldSet;
  convert: Convert;
}

/** Fields of others that would change, by their identity. */
export type Conflicts = Map<string, FieldSet>;

/** Who owns what after `next` took the place of `live`. Changes `owners`. */
export function afterUpdate(live: Versioned, next: Versioned, owners: Owners, by: Writer): void {
  reconcileAll(live, owners, by.convert);
  const { comparison } = share(live, next, owners, by);
  const before = owners.get(by.identity)?.set ?? new FieldSet();
  const { added, modified, removed } = comparison;
  const set = by.touched(before.difference(removed).union(modified).union(added));
  if (set.isEmpty) owners.delete(by.identity);
  else owners.set(by.identity, { ...by.owner, time: owners.get(by.identity)?.time, set });
}

/**
 * The object after `config` was laid over `live` and what its manager no longer names is gone; undefined when it is as
 * it was. Changes `owners`. Answers conflicts instead when others own what would change and they are not overruled.
 */
export function afterApply(
  live: Versioned,
  config: Versioned,
  owners: Owners,
  by: Writer & { force: boolean },
): { object: unknown } | { conflicts: Conflicts } {
  reconcileAll(live, owners, by.convert);
  const merged: Versioned = { ...live, object: merge(live.structures, live.schema, live.object, config.object) };
  const last = owners.get(by.identity);
  const wanted = fieldsOf(config.structures, config.schema, config.object);
  const set = by.touched(wanted);
  owners.set(by.identity, { ...by.owner, time: last?.time, set });
  const pruned = prune(merged, owners, last, config.apiVersion, by);
  const { conflicts } = share(live, pruned, owners, by, !by.force);
  if (!by.force && conflicts.size > 0) return { conflicts };
  return { object: pruned.object };
}

/** Takes from the other owners what changed, and from all what is gone. Those who own nothing any more go. */
function share(
  live: Versioned,
  next: Versioned,
  owners: Owners,
  by: Writer,
  onlyLook = false,
): { comparison: Comparison; conflicts: Conflicts } {
  const versions = new Map<string, Comparison | undefined>();
  const comparisonAt = (apiVersion: string): Comparison | undefined => {
    if (!versions.has(apiVersion)) versions.set(apiVersion, differenceAt(live, next, apiVersion, by));
    return versions.get(apiVersion);
  };
  const own = comparisonAt(next.apiVersion);
  if (own === undefined) throw new Error(`version ${next.apiVersion} cannot be compared`);
  const conflicts: Conflicts = new Map();
  const left: Owners = new Map();
  for (const [identity, owner] of owners) {
    if (identity === by.identity) {
      left.set(identity, owner);
      continue;
    }
    const comparison = comparisonAt(owner.apiVersion);
    if (comparison === undefined) continue;
    const taken = owner.set.intersection(comparison.modified.union(comparison.added));
    if (!taken.isEmpty) conflicts.set(identity, taken);
    left.set(identity, { ...owner, set: owner.set.difference(taken).difference(comparison.removed) });
  }
  if (onlyLook && conflicts.size > 0) return { comparison: own, conflicts };
  owners.clear();
  for (const [identity, owner] of left) if (!owner.set.isEmpty) owners.set(identity, owner);
  return { comparison: own, conflicts };
}

function differenceAt(live: Versioned, next: Versioned, apiVersion: string, by: Writer): Comparison | undefined {
  const [before, now] = [by.convert(live, apiVersion), by.convert(next, apiVersion)];
  if (before === undefined || now === undefined) return undefined;
  const found = compare(now.structures, now.schema, before.object, now.object);
  return { added: by.touched(found.added), modified: by.touched(found.modified), removed: by.touched(found.removed) };
}

/** Without what the applier named last time, names no longer, and nobody else owns. */
function prune(merged: Versioned, owners: Owners, last: Owner | undefined, apiVersion: string, by: Writer): Versioned {
  if (last === undefined || last.set.isEmpty) return merged;
  const whole = by.convert(merged, last.apiVersion);
  if (whole === undefined) return merged;
  const named = (of: Versioned, set: FieldSet) => withNamedFields(of.structures, of.schema, set);
  const without = (of: Versioned, set: FieldSet): Versioned => ({
    ...of,
    object: remove(of.structures, of.schema, of.object, set),
  });
  const fields = (of: Versioned) => named(of, fieldsOf(of.structures, of.schema, of.object));

  let pruned = without(whole, named(whole, last.set));
  // What is owned at all comes back, version by version, that of the last configuration first.
  let current = whole;
  const apiVersions = new Set([last.apiVersion, ...[...owners.values()].map((owner) => owner.apiVersion)]);
  for (const at of apiVersions) {
    const managed = [...owners.values()]
      .filter((owner) => owner.apiVersion === at)
      .reduce((union, { set }) => union.union(set), new FieldSet());
    if (managed.isEmpty) continue;
    const [here, less] = [by.convert(current, at), by.convert(pruned, at)];
    if (here === undefined || less === undefined) continue;
    current = here;
    pruned = without(here, fields(here).difference(fields(less).union(named(here, managed))));
  }
  // What nobody owned, and the manager did not name either, was not its to remove.
  const rest = by.convert(pruned, last.apiVersion);
  if (rest === undefined) return merged;
  const gone = fields(whole).difference(fields(rest)).intersection(named(whole, last.set));
  return by.convert(without(whole, gone), apiVersion) ?? merged;
}

function reconcileAll(live: Versioned, owners: Owners, convert: Convert): void {
  for (const [identity, owner] of [...owners]) {
    const at = convert(live, owner.apiVersion);
    if (at === undefined) owners.delete(identity);
    else owners.set(identity, { ...owner, set: reconcile(at.structures, at.schema, owner.set) });
  }
}
