/** One step of a path, from a value to others. */
export type Step =
  | { type: 'root' }
  | { type: 'field'; name: string }
  | { type: 'every' }
  /** `to` undefined: to the end. `single`: an index. */
  | { type: 'slice'; from: number; to: number | undefined; by: number; single: boolean }
  | { type: 'descend' }
  | { type: 'union'; paths: readonly (readonly Step[])[] }
  | { type: 'filter'; filter: Filter };

export interface Filter {
  left: Operand;
  operator: 'exists' | '==' | '!=' | '<' | '<=' | '>' | '>=';
  right?: Operand;
}

export type Operand = { type: 'value'; value: unknown } | { type: 'path'; path: readonly Step[] };

/** The steps of a path without its braces. Throws `SyntaxError`. */
export function parseJsonPath(text: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = text.trim();
  let first = true;
  while (rest !== '') {
    if (rest.startsWith('[')) {
      const end = closing(rest, '[', ']');
      steps.push(parseBrackets(rest.slice(1, end).trim()));
      rest = rest.slice(end + 1);
    } else if (rest.startsWith('..')) {
      steps.push({ type: 'descend' });
      // What follows is a field without a dot of its own, or brackets.
      rest = rest.startsWith('..[') ? rest.slice(2) : rest.slice(1);
    } else if (rest.startsWith('.')) {
      const taken = parseField(rest.slice(1));
      if (taken.step !== undefined) steps.push(taken.step);
      rest = taken.rest;
    } else if (first && (rest.startsWith('$') || rest.startsWith('@'))) {
      if (rest.startsWith('$')) steps.push({ type: 'root' });
      rest = rest.slice(1);
    } else if (first) {
      const taken = parseField(rest);
      if (taken.step === undefined) throw new SyntaxError(`unrecognized character in action: ${rest[0] ?? ''}`);
      steps.push(taken.step);
      rest = taken.rest;
    } else {
      throw new SyntaxError(`unrecognized character in action: ${rest[0] ?? ''}`);
    }
    first = false;
  }
  return steps;
}

function parseField(text: string): { step: Step | undefined; rest: string } {
  const found = /^(?:\\.|[^.[\]\\\s,:()"'?=!<>{}|])+/s.exec(text)?.[0] ?? '';
  const rest = text.slice(found.length);
  if (found === '') {
    if (rest === '' || rest.startsWith('[')) return { step: undefined, rest };
    throw new SyntaxError(`unrecognized character in action: ${rest[0] ?? ''}`);
  }
  const step: Step = found === '*' ? { type: 'every' } : { type: 'field', name: found.replace(/\\(.)/gs, '$1') };
  return { step, rest };
}

const range = /^(-?\d*)(?::(-?\d*)(?::(-?\d+))?)?$/;

function parseBrackets(text: string): Step {
  // Unlike `.*`, which takes the values of a map too, `[*]` is all of a list.
  if (text === '*') return { type: 'slice', from: 0, to: undefined, by: 1, single: false };
  if (text.startsWith('?')) return parseFilter(text);
  const parts = splitUnion(text);
  if (parts.length > 1) return { type: 'union', paths: parts.map((part) => [parseBrackets(part.trim())]) };
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted !== null) return { type: 'field', name: (quoted[2] ?? '').replace(/\\(.)/gs, '$1') };
  const [, from, to, by] = range.exec(text) ?? [];
  if (from === undefined || text === '') throw new SyntaxError(`invalid array index ${text}`);
  if (!text.includes(':')) {
    if (from === '' || from === '-') throw new SyntaxError(`invalid array index ${text}`);
    return { type: 'slice', from: Number(from), to: undefined, by: 1, single: true };
  }
  const step = by === undefined ? 1 : Number(by);
  if (step <= 0) throw new SyntaxError(`step must be > 0`);
  return { type: 'slice', from: Number(from || 0), to: to ? Number(to) : undefined, by: step, single: false };
}

function splitUnion(text: string): string[] {
  const parts: string[] = [''];
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') {
      parts[parts.length - 1] += text.slice(at, at + 2);
      at++;
    } else if (quote === '' && character === ',') {
      parts.push('');
    } else {
      if (quote === character) quote = '';
      else if (quote === '' && (character === "'" || character === '"')) quote = character;
      parts[parts.length - 1] += character;
    }
  }
  return parts;
}

function parseFilter(text: string): Step {
  const inner = /^\?\s*\((.*)\)$/s.exec(text)?.[1];
  if (inner === undefined) throw new SyntaxError(`unterminated filter ${text}`);
  const found = findOperator(inner);
  if (found === undefined) return { type: 'filter', filter: { left: parseOperand(inner), operator: 'exists' } };
  const { at, operator } = found;
  const right = parseOperand(inner.slice(at + operator.length));
  return { type: 'filter', filter: { left: parseOperand(inner.slice(0, at)), operator, right } };
}

function findOperator(text: string): { at: number; operator: Exclude<Filter['operator'], 'exists'> } | undefined {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') at++;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === "'" || character === '"') quote = character;
    else {
      const operator = (['==', '!=', '<=', '>=', '<', '>'] as const).find((each) => text.startsWith(each, at));
      if (operator !== undefined) return { at, operator };
    }
  }
  return undefined;
}

function parseOperand(written: string): Operand {
  const text = written.trim();
  const quoted = /^(['"])(.*)\1$/s.exec(text);
  if (quoted !== null) return { type: 'value', value: (quoted[2] ?? '').replace(/\\(.)/gs, '$1') };
  if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return { type: 'value', value: Number(text) };
  if (text === 'true' || text === 'false') return { type: 'value', value: text === 'true' };
  return { type: 'path', path: parseJsonPath(text) };
}

/** Where the bracket that opens at the start is closed; quotes and filters are jumped over. */
function closing(text: string, opening: string, ending: string): number {
  let depth = 0;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') at++;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === opening) depth++;
    else if (character === ending && --depth === 0) return at;
  }
  throw new SyntaxError('unterminated array');
}
