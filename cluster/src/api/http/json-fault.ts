/** What may come next, as Go's scanner calls it when something else does. */
type Place = 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'afterPair' | 'afterElement' | 'end';

const places: Readonly<Record<Place, string>> = {
  value: 'looking for beginning of value',
  valueOrEnd: 'looking for beginning of value',
  key: 'looking for beginning of object key string',
  keyOrEnd: 'looking for beginning of object key string',
  colon: 'after object key',
  afterPair: 'after object key:value pair',
  afterElement: 'after array element',
  end: 'after top-level value',
};

const unfinished = 'unexpected end of JSON input';
const space = 0x20;

/**
 * What is wrong with bytes that are no JSON, in the words of Go's `encoding/json`, which people and tools know from
 * Kubernetes: `invalid character 'x' after top-level value`. Of bytes that are JSON, that they end too early.
 */
export function jsonFault(text: Uint8Array): string {
  return new Scanner(text).fault() ?? unfinished;
}

class Scanner {
  readonly #text: Uint8Array;
  #at = 0;

  constructor(text: Uint8Array) {
    this.#text = text;
  }

  fault(): string | undefined {
    const within: ('{' | '[')[] = [];
    let place: Place = 'value';
    while (true) {
      while (isSpace(this.#text[this.#at])) this.#at++;
      const byte = this.#text[this.#at];
      if (byte === undefined) return undefined;
      const character = String.fromCharCode(byte);
      const closes = character === '}' ? place === 'keyOrEnd' || place === 'afterPair' : undefined;
      const ends = character === ']' ? place === 'valueOrEnd' || place === 'afterElement' : undefined;
      if (closes === true || ends === true) {
        this.#at++;
        within.pop();
        place = after(within);
      } else if (place === 'afterPair' || place === 'afterElement') {
        if (character !== ',') return said(byte, places[place]);
        this.#at++;
        place = place === 'afterPair' ? 'key' : 'value';
      } else if (place === 'colon') {
        if (character !== ':') return said(byte, places.colon);
        this.#at++;
        place = 'value';
      } else if (place === 'end') return said(byte, places.end);
      else if (place === 'key' || place === 'keyOrEnd') {
        if (character !== '"') return said(byte, places[place]);
        const fault = this.#string();
        if (fault !== undefined) return fault;
        place = 'colon';
      } else if (character === '{' || character === '[') {
        this.#at++;
        within.push(character);
        place = character === '{' ? 'keyOrEnd' : 'valueOrEnd';
      } else {
        const fault = this.#scalar(character, byte);
        if (fault !== undefined) return fault;
        place = after(within);
      }
    }
  }

  #scalar(character: string, byte: number): string | undefined {
    if (character === '"') return this.#string();
    if (/[-0-9]/.test(character)) return this.#number();
    const literal = ['true', 'false', 'null'].find((word) => word.startsWith(character));
    return literal === undefined ? said(byte, places.value) : this.#literal(literal);
  }

  #string(): string | undefined {
    this.#at++;
    for (; ; this.#at++) {
      const byte = this.#text[this.#at];
      if (byte === undefined) return unfinished;
      if (byte < space) return said(byte, 'in string literal');
      if (byte === 0x22) break;
      if (byte !== 0x5c) continue;
      const escaped = this.#text[++this.#at];
      if (escaped === undefined) return said(space, 'in string escape code');
      if (!'bfnrt\\/"u'.includes(String.fromCharCode(escaped))) return said(escaped, 'in string escape code');
      for (let digits = escaped === 0x75 ? 4 : 0; digits > 0; digits--) {
        const digit = this.#text[++this.#at] ?? space;
        if (!/[0-9a-fA-F]/.test(String.fromCharCode(digit))) return said(digit, 'in \\u hexadecimal character escape');
      }
    }
    this.#at++;
    return undefined;
  }

  #number(): string | undefined {
    if (this.#text[this.#at] === 0x2d) this.#at++;
    if (this.#text[this.#at] === 0x30) this.#at++;
    else if (!this.#digits()) return this.#unexpected('in numeric literal');
    if (this.#text[this.#at] === 0x2e) {
      this.#at++;
      if (!this.#digits()) return this.#unexpected('after decimal point in numeric literal');
    }
    if (this.#text[this.#at] === 0x65 || this.#text[this.#at] === 0x45) {
      this.#at++;
      if (this.#text[this.#at] === 0x2b || this.#text[this.#at] === 0x2d) this.#at++;
      if (!this.#digits()) return this.#unexpected('in exponent of numeric literal');
    }
    return undefined;
  }

  #digits(): boolean {
    const from = this.#at;
    while ((this.#text[this.#at] ?? 0) >= 0x30 && (this.#text[this.#at] ?? 0) <= 0x39) this.#at++;
    return this.#at > from;
  }

  #literal(word: string): string | undefined {
    for (const wanted of word) {
      const byte = this.#text[this.#at] ?? space;
      if (byte !== wanted.charCodeAt(0)) return said(byte, `in literal ${word} (expecting '${wanted}')`);
      this.#at++;
    }
    return undefined;
  }

  /** Go sees a space behind the end. */
  #unexpected(where: string): string {
    return said(this.#text[this.#at] ?? space, where);
  }
}

function after(within: readonly ('{' | '[')[]): Place {
  const innermost = within.at(-1);
  return innermost === undefined ? 'end' : innermost === '{' ? 'afterPair' : 'afterElement';
}

function isSpace(byte: number | undefined): boolean {
  return byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

const names: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  39: "\\'",
  92: '\\\\',
};

/** Go takes a byte for a character of Latin-1 here. */
function said(byte: number, where: string): string {
  const isPlain = (byte >= space && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  const hex = byte.toString(16);
  const shown = isPlain ? String.fromCharCode(byte) : byte < 0x80 ? `\\x${hex.padStart(2, '0')}` : `\\u00${hex}`;
  return `invalid character '${names[byte] ?? shown}' ${where}`;
}
