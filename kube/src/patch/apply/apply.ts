import { BerthError, type ErrorCause } from '../../errors/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../objects/index.ts';
import { clone, type Data, isData, put, sameData } from '../data.ts';
import { unexpected } from '../refusals.ts';
import { faultsOf, faultsText } from './check.ts';
import { FieldSet } from './field-set.ts';
import { allowedByLastApplied, withLastApplied } from './last-applied.ts';
import {
  capUpdaters,
  compareText,
  entriesOf,
  identityOf,
  type Owner,
  type Owners,
  ownersFrom,
  strip,
} from './managers.ts';
import { NoElement, Structures, type TypedBy } from './structure.ts';
import { afterApply, afterUpdate, type Conflicts, type Versioned, type Writer } from './updater.ts';

export interface FieldManager {
  /** Who writes; '' is recorded as `unknown`. */
  manager: string;
  /** The version that the writer speaks: `apps/v1`. */
  apiVersion: string;
  /** RFC 3339; nothing for entries that say no time. */
  time: string | undefined;
  /** `status`, `scale`; nothing for the object itself. */
  subresource?: string | undefined;
  /** The version in which others are told of conflicts, where this way of writing has one of its own: `autoscaling/v1`. */
  shownVersion?: string;
  /** Fields (`status`, `metadata.labels`) that this way of writing leaves alone, with all below them. */
  ignored?: readonly string[];
  /** The only fields that this way of writing touches; `*` stands for any element of a list. */
  only?: readonly string[];
  /** The other versions of the kind: the object in that version and its schema; undefined when it is not served. */
  convert?: (object: KubeObject, apiVersion: string) => { object: KubeObject; typed: TypedBy } | undefined;
}

/**
 * Server-side apply: `config` names the fields that its manager wants, with their values. Answers the object to be
 * stored: `live` with them laid over it, without those that the manager named before and nobody else owns, and with
 * `managedFields` brought up to date. Lists and numbers are as they were written: the answer still has to be decoded.
 *
 * Throws `Conflict` with one cause per field when another manager owns a field that would change, unless `force` takes
 * it over; `BadRequest` for a configuration that carries `managedFields`; `InternalError` without a reason, as Kubernetes
 * does, for one that does not fit the schema, or when `live` does not. Source: "Server-Side Apply" of the Kubernetes documentation; KEP-555.
 */
export function applyConfiguration(
  typed: TypedBy,
  live: KubeObject | undefined,
  config: KubeObject,
  by: FieldManager & { force?: boolean },
): KubeObject {
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw new BerthError('BadRequest', 'metadata.managedFields must be nil');
  }
  const structures = new Structures(typed);
  const faults = faultsOf(structures, typed.schema, config);
  if (faults.length > 0) {
    throw unexpected(`failed to create typed patch object (${described(config)}): ${faultsText(faults)}`);
  }
  try {
    return laidOver(typed, structures, live, config, by);
  } catch (error) {
    if (live === undefined || !(error instanceof NoElement)) throw error;
    throw unexpected(`failed to create typed live object (${described(live)}): ${error.message}`);
  }
}

/** Throws `Conflict`, and `NoElement` when lists of `live` cannot be taken apart. */
function laidOver(
  typed: TypedBy,
  structures: Structures,
  live: KubeObject | undefined,
  config: KubeObject,
  by: FieldManager & { force?: boolean },
): KubeObject {
  const versioned = (object: unknown): Versioned => ({
    object,
    apiVersion: by.apiVersion,
    schema: typed.schema,
    structures,
  });
  const before = withoutManagedFields(live ?? emptyOf(typed, config));
  const owners = readOwners(live?.metadata.managedFields);
  const writer = writerOf('Apply', by, structures);
  if (owners.size === 0) {
    // What was written before anyone kept a record belongs to nobody in particular.
    const unrecorded = writerOf('Update', { ...by, manager: 'before-first-apply' }, structures);
    recordUpdate(versioned(emptyOf(typed, config)), versioned(before), owners, unrecorded);
  }
  const attempt = (force: boolean) => {
    const next: Owners = new Map(owners);
    const result = afterApply(versioned(before), versioned(config), next, { ...writer, force });
    return { result, next };
  };
  let { result, next } = attempt(by.force === true);
  if ('conflicts' in result && by.manager === 'kubectl') {
    const rest = withoutAllowed(result.conflicts, allowedByLastApplied(structures, typed.schema, before));
    if (rest.size > 0) throw conflictOf(rest, owners, by.shownVersion);
    ({ result, next } = attempt(true));
  }
  if ('conflicts' in result) throw conflictOf(result.conflicts, owners, by.shownVersion);
  strip(next, writer.identity);
  const changed = !sameData(before, result.object);
  const own = next.get(writer.identity);
  if (own !== undefined && changed) next.set(writer.identity, { ...own, time: by.time });
  let object = (changed ? clone(result.object) : before) as KubeObject;
  if (by.manager === 'kubectl') object = withLastApplied(object, config);
  const answer = withOwners(object, next);
  return live !== undefined && sameData(answer, live) ? live : answer;
}

/**
 * Who owns what after an ordinary write that turned `live` into `next`: the writer owns what it changed, and those who
 * owned that before no longer do. `live` is undefined for a new object. Answers `next` with `managedFields` brought up
 * to date. What `next` says of ownership counts, so that it can be handed over; `[{}]` and `[]` clear it. An object
 * without a record is given none by an update.
 */
export function trackUpdate(
  typed: TypedBy,
  live: KubeObject | undefined,
  next: KubeObject,
  by: FieldManager,
): KubeObject {
  const structures = new Structures(typed);
  const versioned = (object: unknown): Versioned => ({
    object,
    apiVersion: by.apiVersion,
    schema: typed.schema,
    structures,
  });
  const owners = ownersForUpdate(live, next, by.subresource ?? '');
  const bare = withoutManagedFields(next);
  if (owners.size === 0 && live?.metadata.uid !== undefined) return bare;
  const before = withoutManagedFields(live ?? emptyOf(typed, next));
  try {
    recordUpdate(versioned(before), versioned(bare), owners, writerOf('Update', by, structures));
  } catch (error) {
    // As in Kubernetes, who owns what cannot be told then, and validation says what is wrong with the object.
    if (error instanceof NoElement) return bare;
    throw error;
  }
  return withOwners(bare, owners);
}

/** Whether two objects differ in nothing but when their fields were last written. */
export function sameButTimes(a: KubeObject, b: KubeObject): boolean {
  const times = (entries: readonly ManagedFieldsEntry[] | undefined) =>
    (entries ?? []).map(({ time: _, ...entry }) => entry);
  if (!sameData(times(a.metadata.managedFields), times(b.metadata.managedFields))) return false;
  return sameData(withoutManagedFields(a), withoutManagedFields(b));
}

function recordUpdate(live: Versioned, next: Versioned, owners: Owners, by: Writer): void {
  // The write is looked at as that of somebody new, so that it shows whether it changed anything.
  const current = 'current-operation';
  afterUpdate(live, next, owners, { ...by, identity: current });
  strip(owners, current);
  const changed = owners.get(current);
  owners.delete(current);
  if (changed !== undefined) {
    const previous = owners.get(by.identity);
    const set = previous === undefined ? changed.set : changed.set.union(previous.set);
    owners.set(by.identity, { ...by.owner, set });
  }
  capUpdaters(owners);
}

function ownersForUpdate(live: KubeObject | undefined, next: KubeObject, subresource: string): Owners {
  const given = next.metadata.managedFields;
  // A subresource has no say in who owns the object.
  if (subresource !== '') return readOwners(live?.metadata.managedFields);
  if (given !== undefined && given !== null && isReset(given)) return new Map();
  const owners = readOwners(given);
  return owners.size > 0 ? owners : readOwners(live?.metadata.managedFields);
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  const [first] = entries;
  // Null is an entry without fields, as everywhere in Kubernetes.
  return entries.length === 0 || (entries.length === 1 && Object.keys(first ?? {}).length === 0);
}

/** A record that cannot be read is none. */
function readOwners(entries: readonly ManagedFieldsEntry[] | null | undefined): Owners {
  try {
    return ownersFrom(entries ?? undefined);
  } catch {
    return new Map();
  }
}

function writerOf(operation: 'Apply' | 'Update', by: FieldManager, structures: Structures): Writer {
  const owner: Omit<Owner, 'set'> = {
    manager: by.manager === '' ? 'unknown' : by.manager,
    operation,
    apiVersion: by.apiVersion,
    subresource: by.subresource ?? '',
    time: by.time,
  };
  const ignored = by.ignored === undefined ? undefined : FieldSet.of(by.ignored.map(pathOf));
  const only = by.only === undefined ? undefined : FieldSet.of(by.only.map(pathOf));
  const known = new Map([[by.apiVersion, structures]]);
  return {
    identity: identityOf(owner),
    owner,
    touched(set) {
      const left = ignored === undefined ? set : set.without(ignored);
      return only === undefined ? left : left.within(only);
    },
    convert(from, apiVersion) {
      if (apiVersion === from.apiVersion) return from;
      const found = by.convert?.(from.object as KubeObject, apiVersion);
      if (found === undefined) return undefined;
      const there = known.get(apiVersion) ?? new Structures(found.typed);
      known.set(apiVersion, there);
      return { object: found.object, apiVersion, schema: found.typed.schema, structures: there };
    },
  };
}

function pathOf(path: string): string[] {
  return path.split('.').map((name) => (name === '*' ? name : `f:${name}`));
}

/** What is there of an object before anything was written. */
function emptyOf(typed: TypedBy, { apiVersion, kind }: KubeObject): KubeObject {
  return { metadata: {} as KubeObject['metadata'], ...typed.empty, apiVersion, kind };
}

/** Of the core group, too, the version stands behind a slash. */
function described({ apiVersion, kind, metadata }: KubeObject): string {
  const version = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${version}, Kind=${kind}`;
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata ?? {};
  return { ...object, metadata: metadata as KubeObject['metadata'] };
}

function withOwners(object: KubeObject, owners: Owners): KubeObject {
  const entries = entriesOf(owners);
  const metadata: unknown = isData(object.metadata) ? { ...object.metadata } : {};
  if (entries.length > 0) put(metadata as Data, 'managedFields', entries);
  return { ...object, metadata: metadata as KubeObject['metadata'] };
}

function withoutAllowed(conflicts: Conflicts, allowed: FieldSet): Conflicts {
  const left: Conflicts = new Map();
  for (const [identity, set] of conflicts) {
    const rest = set.difference(allowed);
    if (!rest.isEmpty) left.set(identity, rest);
  }
  return left;
}

function conflictOf(conflicts: Conflicts, owners: Owners, shownVersion: string | undefined): BerthError {
  const byManager = [...conflicts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([identity, set]) => ({ who: shownOwner(owners.get(identity), shownVersion), paths: set.paths() }));
  const causes: ErrorCause[] = byManager.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field })),
  );
  const [first] = causes;
  const message =
    causes.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${causes.length} conflicts: ${byManager
          .flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)])
          .join('\n')}`;
  return new BerthError('Conflict', message, { details: { causes } });
}

function shownOwner(owner: Owner | undefined, shownVersion: string | undefined): string {
  if (owner === undefined) return '""';
  const name = JSON.stringify(owner.manager);
  const who = owner.subresource === '' ? name : `${name} with subresource ${JSON.stringify(owner.subresource)}`;
  return owner.operation === 'Update' ? `${who} using ${shownVersion ?? owner.apiVersion}` : who;
}
