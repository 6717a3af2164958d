import { BerthError } from '../errors/index.ts';

export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}

/** A conjunction; the empty one matches everything. */
export type FieldSelector = readonly FieldRequirement[];

/** Reads `metadata.name=x,status.phase!=Running`; `\,`, `\=` and `\\` stand for themselves. Throws `BadRequest`. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text).map((term) => {
    const found = /^((?:[^\\=!]|\\.)*?)\s*(==|!=|=)(.*)$/s.exec(term);
    const field = found?.[1]?.trim() ?? '';
    if (found === null || field === '') {
      throw new BerthError('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`);
    }
    return { field, operator: found[2] === '!=' ? '!=' : '=', value: unescapeValue(found[3] ?? '', text) };
  });
}

/** The terms between commas that are not escaped; empty ones do not count. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? []).filter((term) => term.trim() !== '');
}

function unescapeValue(value: string, text: string): string {
  return value.replace(/\\(.?)|[,=]/gs, (whole, escaped: string | undefined) => {
    if (escaped === '\\' || escaped === ',' || escaped === '=') return escaped;
    throw new BerthError(
      'BadRequest',
      `invalid selector: '${text}': invalid field selector: invalid character ${JSON.stringify(whole)}`,
    );
  });
}

/** What may be selected by, beyond `metadata.name` and `metadata.namespace`: by each name the paths of which the first counts that is not empty. */
export type SelectableFields = Readonly<Record<string, readonly string[]>>;

/**
 * Reads a selector's paths once; the answer tells whether an object satisfies every requirement. A name that is none of the kind's `fields` is
 * a path itself. A field that is absent is the empty string, booleans and numbers compare by their text.
 */
export function fieldMatcher(selector: FieldSelector, fields: SelectableFields = {}): (object: object) => boolean {
  const requirements = selector.map(({ field, operator, value }) => {
    const paths = Object.hasOwn(fields, field) ? (fields[field] ?? []) : [field];
    const places = paths.map((path) => ({ steps: path.split('.'), absent: absentText(path) }));
    return { places, value, isWanted: operator === '=' };
  });
  return (object) =>
    requirements.every(({ places, value, isWanted }) => {
      let text = '';
      for (const place of places) {
        text = fieldText(object, place);
        if (text !== '') break;
      }
      return (text === value) === isWanted;
    });
}

/**
 * Throws `BadRequest` when a requirement names a field that the kind does not offer for selection. Kubernetes' own kinds
 * that offer nothing of theirs say so in words of their own.
 */
export function checkFieldSelector(selector: FieldSelector, fields: SelectableFields, { isCustom = false } = {}): void {
  const hasOwn = isCustom || Object.keys(fields).length > 0;
  for (const { field } of selector) {
    if (field === 'metadata.name' || field === 'metadata.namespace' || Object.hasOwn(fields, field)) continue;
    const why = hasOwn
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
    throw new BerthError('BadRequest', why);
  }
}

/** Zero values read as Kubernetes compares them: an absent boolean is `false`, but only where the selector is one. */
function fieldText(object: object, { steps, absent }: { steps: readonly string[]; absent: string }): string {
  let value: unknown = object;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return absent;
    value = (value as Record<string, unknown>)[step];
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

const absentAs: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.succeeded': '0',
};

function absentText(path: string): string {
  return Object.hasOwn(absentAs, path) ? (absentAs[path] ?? '') : '';
}

/** The selector as a string for a URL; the inverse of `parseFieldSelector`. */
export function formatFieldSelector(selector: FieldSelector): string {
  return selector
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, '\\$&')}`)
    .join(',');
}
