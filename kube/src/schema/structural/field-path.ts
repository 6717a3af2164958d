import type { Schema } from '../types.ts';
import { child, entry } from './causes.ts';
import { own } from './data.ts';

/**
 * A path such as `.spec.a['b.c']` within a schema: its normal form (`spec.a.b.c`, keys of maps in brackets) and the schema
 * at its end, or what is wrong with it. Lists cannot be entered. Source: KEP-2876, "fieldPath".
 */
export function fieldPathIn(
  written: string,
  root: Schema,
  options: { brackets: boolean } = { brackets: true },
): { path: string; schema: Schema } | { fault: string } {
  let path = '';
  let schema = root;
  let rest = written;
  while (rest !== '') {
    const step = nextStep(rest, options.brackets);
    if ('fault' in step) return step;
    rest = step.rest;
    if (schema.properties !== undefined) {
      const property = own(schema.properties, step.name);
      if (property === undefined) return { fault: 'does not refer to a valid field' };
      path = child(path, step.name);
      schema = property;
    } else if (schema.additionalProperties !== undefined) {
      path = entry(path, step.name);
      schema = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
    } else {
      return { fault: 'does not refer to a valid field' };
    }
  }
  return { path, schema };
}

function nextStep(text: string, brackets: boolean): { name: string; rest: string } | { fault: string } {
  if (text.startsWith('.')) {
    const name = /^[^.[\]]+|^[.[\]]/.exec(text.slice(1))?.[0];
    if (name === undefined) return { fault: 'unexpected end of JSON path' };
    return { name, rest: text.slice(1 + name.length) };
  }
  if (!text.startsWith('[')) {
    return { fault: `expected [ or . but got: ${/^[^.[\]]+|^./s.exec(text)?.[0] ?? ''}` };
  }
  if (!brackets) return { fault: 'array notation is not allowed' };
  if (text.length === 1) return { fault: 'unexpected end of JSON path' };
  const quoted = /^'((?:[^'\\]|\\.)*)'/s.exec(text.slice(1));
  if (quoted === null) {
    return { fault: `expected single quoted string but got ${/^[^.[\]]+|^./s.exec(text.slice(1))?.[0] ?? ''}` };
  }
  const name = unescaped(quoted[1] ?? '');
  if (typeof name !== 'string') return name;
  const after = text.slice(1 + quoted[0].length);
  if (after === '') return { fault: 'unexpected end of JSON path' };
  if (!after.startsWith(']')) return { fault: `expected ] but got ${/^[^.[\]]+|^./s.exec(after)?.[0] ?? ''}` };
  return { name, rest: after.slice(1) };
}

const directives: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

function unescaped(text: string): string | { fault: string } {
  let wrong: string | undefined;
  const plain = text.replace(/\\(.)/gs, (found, directive: string) => {
    const character = Object.hasOwn(directives, directive) ? directives[directive] : undefined;
    if (character === undefined) wrong ??= found;
    return character ?? '';
  });
  return wrong === undefined ? plain : { fault: `invalid string literal: invalid escape char ${wrong}` };
}
