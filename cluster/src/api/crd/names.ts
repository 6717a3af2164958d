import { isDeepStrictEqual } from 'node:util';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import { type DefinitionNames, type DefinitionStatus, isTrue, withCondition } from './definition.ts';

/** Names that other kinds of the same group have. */
export interface TakenNames {
  /** Plural, singular and short names. */
  resources: ReadonlySet<string>;
  /** Kinds and kinds of lists. */
  kinds: ReadonlySet<string>;
}

/**
 * The status of a definition after its names were judged: accepted unless another kind of the group has them, and
 * established with the first names that were accepted. The same object when nothing changes. Source: `apiextensions`,
 * "NamesAccepted" and "Established".
 */
export function namedStatus(definition: CustomResourceDefinition, taken: TakenNames, now: Date): DefinitionStatus {
  const { spec, status = {} } = definition;
  const wanted = completed(spec.names);
  const had = status.acceptedNames;
  const conflicts: { reason: string; message: string }[] = [];
  const accept = (reason: string, asked: string, mine: string | undefined, used: ReadonlySet<string>): string => {
    if (asked === mine || !used.has(asked)) return asked;
    conflicts.push({ reason, message: `"${asked}" is already in use` });
    return mine ?? '';
  };
  const plural = accept('PluralConflict', wanted.plural, had?.plural, taken.resources);
  const singular = accept('SingularConflict', wanted.singular, had?.singular, taken.resources);
  const shortNames = acceptShortNames(wanted, had, taken, conflicts);
  const kind = accept('KindConflict', wanted.kind, had?.kind, taken.kinds);
  const listKind = accept('ListKindConflict', wanted.listKind, had?.listKind, taken.kinds);
  const acceptedNames: DefinitionNames = {
    ...(wanted.categories?.length ? { categories: wanted.categories } : {}),
    kind,
    ...(listKind ? { listKind } : {}),
    plural,
    ...(shortNames?.length ? { shortNames } : {}),
    ...(singular ? { singular } : {}),
  };

  // Of several conflicts the last is told.
  const conflict = conflicts.at(-1);
  const accepted = { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' };
  let conditions = withCondition(
    status.conditions ?? [],
    conflict ? { ...accepted, status: 'False', ...conflict } : accepted,
    now,
  );
  if (!isTrue(status, 'Established')) {
    const established = conflict
      ? { status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
      : { status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' };
    conditions = withCondition(conditions, { type: 'Established', ...established }, now);
  }
  if (conditions === status.conditions && isDeepStrictEqual(acceptedNames, had)) return status;
  return { ...status, acceptedNames, conditions: [...conditions] };
}

function acceptShortNames(
  wanted: DefinitionNames,
  had: DefinitionNames | undefined,
  taken: TakenNames,
  conflicts: { reason: string; message: string }[],
): string[] | undefined {
  const mine = new Set(had?.shortNames);
  const used = (wanted.shortNames ?? []).filter((name) => !mine.has(name) && taken.resources.has(name));
  if (used.length === 0) return wanted.shortNames;
  const messages = used.map((name) => `"${name}" is already in use`);
  conflicts.push({
    reason: 'ShortNamesConflict',
    message: messages.length === 1 ? (messages[0] as string) : `[${messages.join(', ')}]`,
  });
  return had?.shortNames;
}

/** With the names that follow from others. */
export function completed(names: DefinitionNames): DefinitionNames & { singular: string; listKind: string } {
  return {
    ...names,
    singular: names.singular || names.kind.toLowerCase(),
    listKind: names.listKind || `${names.kind}List`,
  };
}

/** What a kind takes of the names of its group. */
export function takenBy(names: DefinitionNames | undefined): TakenNames {
  const { plural = '', singular = '', shortNames = [], kind = '', listKind = '' } = names ?? {};
  const given = (all: string[]) => new Set(all.filter((name) => name !== ''));
  return { resources: given([plural, singular, ...shortNames]), kinds: given([kind, listKind]) };
}
