import type { KubeObject } from '@berth/kube/objects';

/** What a search line says: every word must be found, and every label must fit. */
export interface Query {
  words: string[];
  labels: LabelTerm[];
}

export type LabelTerm = { key: string; operator: '=' | '!='; value: string };

const labelTerm = /^([A-Za-z0-9][\w./-]*)(!?=)=?(.*)$/;

/** Reads words, "quoted words", `label=value` and `label!=value`, parted by blanks or commas after a label. */
export function parseQuery(text: string): Query {
  const query: Query = { words: [], labels: [] };
  for (const [, quoted, plain] of text.matchAll(/"([^"]*)"?|([^\s"]+)/g)) {
    if (plain === undefined) {
      if (quoted) query.words.push(quoted.toLowerCase());
      continue;
    }
    for (const term of labelTerm.test(plain) ? plain.split(',') : [plain]) {
      const [, key, operator, value] = labelTerm.exec(term) ?? [];
      if (key === undefined) {
        if (term !== '') query.words.push(term.toLowerCase());
      } else query.labels.push({ key, operator: operator === '!=' ? '!=' : '=', value: value ?? '' });
    }
  }
  return query;
}

/** Whether an object is meant; `text` is what can be searched of it, in lower case. */
export function matches(query: Query, object: KubeObject, text: () => string): boolean {
  const labels = object.metadata.labels ?? {};
  for (const { key, operator, value } of query.labels) {
    if ((labels[key] === value) !== (operator === '=')) return false;
  }
  if (query.words.length === 0) return true;
  const searched = text();
  return query.words.every((word) => searched.includes(word));
}

export function isEmpty(query: Query): boolean {
  return query.words.length === 0 && query.labels.length === 0;
}
