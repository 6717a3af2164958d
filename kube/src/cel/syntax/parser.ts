import { Uint } from '../values/scalar.ts';
import type { Expr, MapEntry, StructField } from './ast.ts';
import { Cursor, Stopped } from './cursor.ts';
import { compilationError, type Issue } from './issues.ts';
import { type Token, tokenize } from './lexer.ts';
import { LiteralProblem, unquoteBytes, unquoteString } from './literals.ts';
import { expandMacro } from './macros.ts';

/** Limits of cel-go, which bound the work of parsing, checking and planning. */
const deepest = 250;
const longest = 100_000;

const reserved = new Set(
  'as break const continue else false for function if import in let loop package namespace null return true var void while'.split(
    ' ',
  ),
);
const keywords = new Set(['in', 'true', 'false', 'null']);
const relations = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);
const operand =
  "'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER";
const maxInt = 2n ** 63n - 1n;

/** An expression's tree, with macros expanded. Throws `CelError` `Compilation`. */
export function parse(expression: string): Expr {
  const issues: Issue[] = [];
  const size = expression.length > longest ? [...expression].length : expression.length;
  if (size > longest) {
    const message = `expression code point size exceeds limit: size: ${size}, limit ${longest}`;
    throw compilationError(expression, [{ offset: -1, message }]);
  }
  const parser = new Parser(expression, issues);
  const tree = parser.start();
  if (tree === undefined || issues.length > 0) throw compilationError(expression, issues);
  return tree;
}

/** Recursive descent over the grammar of the language definition, with optional selections and entries. */
class Parser {
  readonly #tokens: Cursor;
  readonly #issues: Issue[];
  #nesting = 0;

  constructor(expression: string, issues: Issue[]) {
    this.#issues = issues;
    this.#tokens = new Cursor(tokenize(expression, issues), issues);
  }

  start(): Expr | undefined {
    try {
      const tree = this.#expression();
      if (this.#tokens.peek().kind !== 'end') {
        const last = this.#tokens.peek(1).kind === 'end';
        this.#tokens.unexpected('<EOF>', last ? 'extraneous' : 'mismatched');
      }
      return tree;
    } catch (error) {
      if (error instanceof Stopped) return undefined;
      throw error;
    }
  }

  #expression(): Expr {
    this.#nesting += 1;
    if (this.#nesting > deepest) this.#tokens.stop(-1, `expression recursion limit exceeded: ${deepest}`);
    const condition = this.#or();
    let tree = condition;
    const op = this.#tokens.peek();
    if (this.#tokens.take('?')) {
      const whenTrue = this.#or();
      this.#tokens.expect(':');
      tree = this.#call(op.offset, '_?_:_', [condition, whenTrue, this.#expression()]);
    }
    this.#nesting -= 1;
    return tree;
  }

  #or(): Expr {
    return this.#terms('||', () => this.#terms('&&', () => this.#relation()));
  }

  /** Terms joined by one logical operator become one call, so that long chains do not nest. */
  #terms(symbol: string, term: () => Expr): Expr {
    const terms = [term()];
    const { offset } = this.#tokens.peek();
    while (this.#tokens.take(symbol)) terms.push(term());
    return terms.length === 1 ? (terms[0] as Expr) : this.#call(offset, `_${symbol}_`, terms);
  }

  #relation(): Expr {
    let left = this.#sum();
    for (let op = this.#tokens.peek(); relations.has(op.text) && op.kind !== 'string'; op = this.#tokens.peek()) {
      this.#tokens.skip();
      left = this.#call(op.offset, op.text === 'in' ? '@in' : `_${op.text}_`, [left, this.#sum()]);
    }
    return left;
  }

  #sum(): Expr {
    return this.#leftAssociative(['+', '-'], () => this.#leftAssociative(['*', '/', '%'], () => this.#unary()));
  }

  #leftAssociative(symbols: readonly string[], side: () => Expr): Expr {
    let left = side();
    for (let op = this.#tokens.peek(); op.kind === 'symbol' && symbols.includes(op.text); op = this.#tokens.peek()) {
      this.#tokens.skip();
      left = this.#call(op.offset, `_${op.text}_`, [left, side()]);
    }
    return left;
  }

  #unary(): Expr {
    const op = this.#tokens.peek();
    if (op.kind !== 'symbol' || (op.text !== '!' && op.text !== '-')) return this.#member();
    let count = 0;
    while (this.#tokens.take(op.text)) count += 1;
    const number = this.#tokens.peek();
    if (op.text === '-' && count % 2 === 1 && (number.kind === 'int' || number.kind === 'double')) {
      if (count === 1) return this.#selections(this.#number(number, '-', op.offset));
    }
    const inner = this.#member();
    if (count % 2 === 0) return inner;
    return this.#call(op.offset, op.text === '!' ? '!_' : '-_', [inner]);
  }

  #member(): Expr {
    return this.#selections(this.#primary());
  }

  #selections(primary: Expr): Expr {
    let tree = primary;
    for (;;) {
      const op = this.#tokens.peek();
      if (op.kind !== 'symbol') return tree;
      if (op.text === '.') tree = this.#dot(tree);
      else if (op.text === '[') tree = this.#index(tree);
      else return tree;
    }
  }

  #dot(target: Expr): Expr {
    const { offset } = this.#tokens.advance();
    const optional = this.#tokens.take('?');
    const name = this.#tokens.peek();
    if (name.kind !== 'identifier' && name.kind !== 'escaped') {
      if (!optional) {
        const text = name.kind === 'end' ? '' : name.text;
        this.#tokens.stop(name.offset, `Syntax error: no viable alternative at input '.${text}'`);
      }
      this.#tokens.unexpected('{IDENTIFIER, ESC_IDENTIFIER}');
    }
    if (name.kind === 'escaped') this.#issues.push({ offset: name.offset, message: "unsupported syntax: '`'" });
    if (keywords.has(name.text))
      this.#tokens.unexpected(name.text === 'in' ? '{IDENTIFIER, ESC_IDENTIFIER}' : 'IDENTIFIER');
    this.#tokens.skip();
    const field = name.kind === 'escaped' ? name.text.slice(1, -1) : name.text;
    const open = this.#tokens.peek();
    if (!optional && name.kind === 'identifier' && this.#tokens.take('(')) {
      const args = this.#arguments();
      return this.#limited(this.#macroOr(open.offset, field, target, args));
    }
    if (optional) {
      const literal: Expr = { kind: 'literal', value: field, offset: name.offset, depth: 1 };
      return this.#limited({
        kind: 'call',
        name: '_?._',
        target: undefined,
        args: [target, literal],
        offset,
        depth: target.depth + 1,
      });
    }
    return this.#limited({ kind: 'select', operand: target, field, test: false, offset, depth: target.depth + 1 });
  }

  #index(target: Expr): Expr {
    const { offset } = this.#tokens.advance();
    const name = this.#tokens.take('?') ? '_[?_]' : '_[_]';
    if (this.#tokens.peek().kind === 'end') this.#tokens.unexpected(`{${operand.replace("'!', ", "'!', '?', ")}}`);
    const index = this.#expression();
    this.#tokens.expect(']');
    return this.#call(offset, name, [target, index]);
  }

  #primary(): Expr {
    const token = this.#tokens.peek();
    switch (token.kind) {
      case 'int':
      case 'uint':
      case 'double':
        return this.#number(token, '', token.offset);
      case 'string':
      case 'bytes':
        this.#tokens.skip();
        return this.#quoted(token);
      case 'identifier':
        return this.#named(token);
      case 'symbol':
        return this.#bracketed(token);
      default:
        return this.#operandExpected();
    }
  }

  /** A token too many is reported and left out, when what follows makes sense without it. */
  #operandExpected(): Expr {
    if (!startsOperand(this.#tokens.peek(1))) return this.#tokens.unexpected(`{${operand}}`);
    const { offset, text } = this.#tokens.advance();
    this.#issues.push({ offset, message: `Syntax error: extraneous input '${text}' expecting {${operand}}` });
    return this.#primary();
  }

  #number(token: Token, sign: string, offset: number): Expr {
    this.#tokens.skip();
    const literal = (value: bigint | number | Uint): Expr => ({ kind: 'literal', value, offset, depth: 1 });
    if (token.kind === 'double') {
      const value = Number(sign + token.text);
      if (!Number.isFinite(value)) this.#issues.push({ offset, message: 'invalid double literal' });
      return literal(value);
    }
    if (token.kind === 'uint') {
      const value = BigInt(token.text.slice(0, -1));
      if (value > 2n * maxInt + 1n) this.#issues.push({ offset, message: 'invalid uint literal' });
      return literal(new Uint(value));
    }
    const value = sign === '-' ? -BigInt(token.text) : BigInt(token.text);
    if (value > maxInt || value < -maxInt - 1n) this.#issues.push({ offset, message: 'invalid int literal' });
    return literal(value);
  }

  #quoted(token: Token): Expr {
    try {
      const value = token.kind === 'bytes' ? unquoteBytes(token.text) : unquoteString(token.text);
      return { kind: 'literal', value, offset: token.offset, depth: 1 };
    } catch (error) {
      if (!(error instanceof LiteralProblem)) throw error;
      this.#issues.push({ offset: token.offset, message: error.message });
      return { kind: 'literal', value: '', offset: token.offset, depth: 1 };
    }
  }

  #named(token: Token): Expr {
    if (token.text === 'true' || token.text === 'false' || token.text === 'null') {
      this.#tokens.skip();
      const value = token.text === 'null' ? null : token.text === 'true';
      return { kind: 'literal', value, offset: token.offset, depth: 1 };
    }
    return this.#identifier(token.offset, '');
  }

  /** A name, a call of a function, or a message: `a`, `.a`, `f(x)`, `a.b.C{d: 1}`. */
  #identifier(start: number, leadingDot: string): Expr {
    const token = this.#tokens.peek();
    if (token.kind !== 'identifier' || keywords.has(token.text)) {
      if (leadingDot !== '' && token.kind === 'symbol') {
        this.#tokens.stop(token.offset, `Syntax error: no viable alternative at input '.${token.text}'`);
      }
      this.#tokens.unexpected(leadingDot === '' ? `{${operand}}` : 'IDENTIFIER');
    }
    const message = this.#messageName();
    if (message !== undefined) return this.#struct(`${leadingDot}${message}`);
    this.#tokens.skip();
    if (reserved.has(token.text)) this.#issues.push({ offset: start, message: `reserved identifier: ${token.text}` });
    const open = this.#tokens.peek();
    const name = `${leadingDot}${token.text}`;
    if (this.#tokens.take('(')) return this.#limited(this.#macroOr(open.offset, name, undefined, this.#arguments()));
    return { kind: 'ident', name, offset: token.offset, depth: 1 };
  }

  /** Looks ahead for `name(.name)* {`, and stands before the brace when that is there. */
  #messageName(): string | undefined {
    const names: string[] = [];
    let at = 0;
    for (;;) {
      const name = this.#tokens.peek(at);
      if (name.kind !== 'identifier') return undefined;
      names.push(name.text);
      const after = this.#tokens.peek(at + 1);
      if (after.kind !== 'symbol') return undefined;
      if (after.text === '{') {
        this.#tokens.skip(at + 1);
        return names.join('.');
      }
      if (after.text !== '.') return undefined;
      at += 2;
    }
  }

  #struct(typeName: string): Expr {
    const { offset } = this.#tokens.advance();
    const fields: StructField[] = [];
    this.#separated('}', () => {
      const optional = this.#tokens.take('?');
      const name = this.#tokens.peek();
      if (name.kind !== 'identifier' && name.kind !== 'escaped')
        this.#tokens.unexpected('{IDENTIFIER, ESC_IDENTIFIER}');
      this.#tokens.skip();
      const colon = this.#tokens.expect(':');
      const value = this.#expression();
      const field = name.kind === 'escaped' ? name.text.slice(1, -1) : name.text;
      fields.push({ offset: colon.offset, name: field, value, optional });
    });
    return this.#limited({ kind: 'struct', typeName, fields, offset, depth: depthOver(fields.map((f) => f.value)) });
  }

  #bracketed(token: Token): Expr {
    switch (token.text) {
      case '(': {
        this.#tokens.skip();
        const inner = this.#expression();
        this.#tokens.expect(')');
        return inner;
      }
      case '[':
        return this.#list();
      case '{':
        return this.#map();
      case '.':
        this.#tokens.skip();
        return this.#identifier(token.offset, '.');
      case '-':
        return this.#unary();
      default:
        return this.#operandExpected();
    }
  }

  #list(): Expr {
    const { offset } = this.#tokens.advance();
    const elements: { value: Expr; optional: boolean }[] = [];
    this.#separated(']', () => {
      const optional = this.#tokens.take('?');
      elements.push({ optional, value: this.#expression() });
    });
    return this.#limited({ kind: 'list', elements, offset, depth: depthOver(elements.map((e) => e.value)) });
  }

  #map(): Expr {
    const { offset } = this.#tokens.advance();
    const entries: MapEntry[] = [];
    this.#separated('}', () => {
      const optional = this.#tokens.take('?');
      const key = this.#expression();
      const colon = this.#tokens.expect(':');
      entries.push({ optional, key, value: this.#expression(), offset: colon.offset });
    });
    const depth = depthOver(entries.flatMap((entry) => [entry.key, entry.value]));
    return this.#limited({ kind: 'map', entries, offset, depth });
  }

  /** Elements up to `close`, with one comma allowed after the last. */
  #separated(close: string, element: () => void): void {
    while (!this.#tokens.take(close)) {
      element();
      if (this.#tokens.take(close)) return;
      this.#tokens.expect(',', `{'${close}', ','}`);
    }
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#tokens.take(')')) return args;
    if (this.#tokens.peek().kind === 'end') this.#tokens.unexpected(`{${operand.replace("'(', ", "'(', ')', ")}}`);
    do args.push(this.#expression());
    while (this.#tokens.take(','));
    this.#tokens.expect(')');
    return args;
  }

  #macroOr(offset: number, name: string, target: Expr | undefined, args: readonly Expr[]): Expr {
    const expanded = expandMacro({ offset, name, target, args });
    if (expanded === undefined) {
      return { kind: 'call', name, target, args, offset, depth: depthOver(target ? [target, ...args] : args) };
    }
    if (!('message' in expanded)) return expanded;
    this.#issues.push(expanded);
    return { kind: 'literal', value: null, offset, depth: 1 };
  }

  #call(offset: number, name: string, args: readonly Expr[]): Expr {
    return this.#limited({ kind: 'call', name, target: undefined, args, offset, depth: depthOver(args) });
  }

  #limited(tree: Expr): Expr {
    if (tree.depth > deepest) this.#tokens.stop(-1, 'max recursion depth exceeded');
    return tree;
  }
}

function startsOperand({ kind, text }: Token): boolean {
  return kind === 'symbol' ? '[{(.-!'.includes(text) : kind !== 'end' && !reserved.has(text);
}

function depthOver(children: readonly Expr[]): number {
  let most = 0;
  for (const child of children) most = Math.max(most, child.depth);
  return most + 1;
}
