import type { Issue } from './issues.ts';
import type { Token } from './lexer.ts';

/** Stops the parser where it cannot go on; the issues found until then are what the author gets. */
export class Stopped extends Error {}

/** Where the parser stands among the tokens, and what it says of one that should not be there. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #issues: Issue[];
  #next = 0;

  /** The last of the tokens is the end; nothing is beyond it. */
  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.#tokens = tokens;
    this.#issues = issues;
  }

  peek(ahead = 0): Token {
    return (this.#tokens[this.#next + ahead] ?? this.#tokens.at(-1)) as Token;
  }

  skip(count = 1): void {
    this.#next += count;
  }

  advance(): Token {
    const token = this.peek();
    this.skip();
    return token;
  }

  /** Goes past the symbol, if it is next. */
  take(symbol: string): boolean {
    const token = this.peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.skip();
    return true;
  }

  expect(symbol: string, expecting = `'${symbol}'`): Token {
    const token = this.peek();
    if (this.take(symbol)) return token;
    if (token.kind === 'end' && (symbol === ')' || symbol === ']')) {
      this.stop(token.offset, `Syntax error: missing '${symbol}' at '<EOF>'`);
    }
    return this.unexpected(expecting);
  }

  unexpected(expecting: string, what: 'mismatched' | 'extraneous' = 'mismatched'): never {
    const token = this.peek();
    return this.stop(token.offset, `Syntax error: ${what} input '${token.text}' expecting ${expecting}`);
  }

  stop(offset: number, message: string): never {
    this.#issues.push({ offset, message });
    throw new Stopped();
  }
}
