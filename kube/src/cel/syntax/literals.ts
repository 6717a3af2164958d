/** What is wrong with a literal; the parser gives it a place. */
export class LiteralProblem extends Error {}

const simple: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  "'": 39,
  '"': 34,
  '`': 96,
  '?': 63,
};

/** The text that a string token stands for. Source: the language definition, "String and Bytes Values". */
export function unquoteString(token: string): string {
  const { body, raw } = stripped(token);
  if (raw || !body.includes('\\')) return body;
  return body.replace(escapes, (found) => {
    const code = codeOf(found);
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new LiteralProblem('invalid unicode code point');
    return String.fromCodePoint(code);
  });
}

/** The bytes that a bytes token stands for: escapes by number are octets, everything else is UTF-8. */
export function unquoteBytes(token: string): Uint8Array {
  const { body, raw } = stripped(token.slice(1));
  if (raw || !body.includes('\\')) return Buffer.from(body);
  const parts: Buffer[] = [];
  let end = 0;
  for (const found of body.matchAll(escapes)) {
    if (/^\\[uU]/.test(found[0])) throw new LiteralProblem('unable to unescape string');
    parts.push(Buffer.from(body.slice(end, found.index)), Buffer.from([codeOf(found[0])]));
    end = found.index + found[0].length;
  }
  parts.push(Buffer.from(body.slice(end)));
  return new Uint8Array(Buffer.concat(parts));
}

const escapes = /\\(?:[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|[\s\S])/g;

function codeOf(found: string): number {
  const letter = found[1] ?? '';
  if ('xXuU'.includes(letter)) return Number.parseInt(found.slice(2), 16);
  if (/[0-3]/.test(letter)) return Number.parseInt(found.slice(1), 8);
  return simple[letter] ?? letter.charCodeAt(0);
}

function stripped(token: string): { body: string; raw: boolean } {
  const normal = token.replaceAll('\r\n', '\n').replaceAll('\r', '\n');
  const raw = /^[rR]/.test(normal);
  const text = raw ? normal.slice(1) : normal;
  const quotes = text.length >= 6 && /^("""|''')/.test(text) ? 3 : 1;
  return { body: text.slice(quotes, -quotes), raw };
}
