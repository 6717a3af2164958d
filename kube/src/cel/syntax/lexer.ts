import { type Issue, mostIssues } from './issues.ts';

export type TokenKind = 'identifier' | 'escaped' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly offset: number;
}

const raw = String.raw;
const escaped = raw`\\(?:[abfnrtv"'\\?\`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`;
const quoted = [
  raw`[rR]"""[\s\S]*?"""`,
  raw`[rR]'''[\s\S]*?'''`,
  raw`"""(?:${escaped}|[^\\])*?"""`,
  raw`'''(?:${escaped}|[^\\])*?'''`,
  raw`[rR]"[^"\n\r]*"`,
  raw`[rR]'[^'\n\r]*'`,
  raw`"(?:${escaped}|[^\\"\n\r])*"`,
  raw`'(?:${escaped}|[^\\'\n\r])*'`,
].join('|');

/** The lexical rules of the language definition; the first that matches wins, so the longer ones stand first. */
const rules: readonly (readonly [TokenKind | 'skip', RegExp])[] = [
  ['skip', /[\t \r\n\f]+|\/\/[^\n]*/y],
  ['bytes', new RegExp(`[bB](?:${quoted})`, 'y')],
  ['string', new RegExp(quoted, 'y')],
  ['double', /\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?/y],
  ['uint', /(?:0x[0-9a-fA-F]+|\d+)[uU]/y],
  ['int', /0x[0-9a-fA-F]+|\d+/y],
  ['identifier', /[a-zA-Z_][a-zA-Z0-9_]*/y],
  ['escaped', /`[a-zA-Z0-9_./ -]+`/y],
  ['symbol', /==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%]/y],
];

/**
 * Splits an expression into tokens; what belongs to none becomes an issue and is skipped. Linear: strings that do not
 * end are found out once, since what follows their quote is skipped to the end of the line.
 */
export function tokenize(expression: string, issues: Issue[]): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < expression.length) {
    const found = match(expression, offset);
    if (found === undefined) {
      if (issues.length === mostIssues) {
        issues.push({ offset, message: `Syntax error: More than ${mostIssues} syntax errors.` });
        break;
      }
      const text = unrecognized(expression, offset);
      issues.push({ offset, message: `Syntax error: token recognition error at: '${text}'` });
      offset += text.length;
      continue;
    }
    if (found.kind !== 'skip') tokens.push({ kind: found.kind, text: found.text, offset });
    offset += found.text.length;
  }
  tokens.push({ kind: 'end', text: '<EOF>', offset: expression.length });
  return tokens;
}

function match(expression: string, offset: number): { kind: TokenKind | 'skip'; text: string } | undefined {
  for (const [kind, pattern] of rules) {
    pattern.lastIndex = offset;
    const text = pattern.exec(expression)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

/** Up to the end of the line, or to what is no escape sequence. */
function openString(text: string, mark: string): string {
  const found = new RegExp(raw`^${mark}(?:${escaped}|[^\\${mark}\n\r])*(?:\\[^\n\r]?)?`).exec(text);
  return found?.[0] ?? mark;
}

/** As much as a recognizer has read before it gave up: an open string to its line's end, an operator and one more. */
function unrecognized(expression: string, offset: number): string {
  const first = String.fromCodePoint(expression.codePointAt(offset) ?? 0);
  if (first === '"' || first === "'") return openString(expression.slice(offset), first);
  if ('=&|'.includes(first)) return expression.slice(offset, offset + 2);
  return first;
}
