import type { Uint } from '../values/scalar.ts';

export type Literal = boolean | bigint | number | string | Uint8Array | null | Uint;

interface At {
  /** Where an issue with this node is shown: an index into the expression's text. */
  readonly offset: number;
  /** How deep the text is nested here; the parser limits it. */
  readonly depth: number;
}

export type LiteralExpr = At & { readonly kind: 'literal'; readonly value: Literal };
export type IdentExpr = At & { readonly kind: 'ident'; readonly name: string };
export type SelectExpr = At & {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)` */
  readonly test: boolean;
};
/** Operators are calls too: `_+_`, `_[_]`, `_?_:_`, `_?._`, `@in`. `_&&_` and `_||_` take any number of terms. */
export type CallExpr = At & {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
};
export type ListExpr = At & {
  readonly kind: 'list';
  readonly elements: readonly { readonly value: Expr; readonly optional: boolean }[];
};
export interface MapEntry {
  readonly offset: number;
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}
export type MapExpr = At & { readonly kind: 'map'; readonly entries: readonly MapEntry[] };
export interface StructField {
  readonly offset: number;
  readonly name: string;
  readonly value: Expr;
  readonly optional: boolean;
}
export type StructExpr = At & {
  readonly kind: 'struct';
  readonly typeName: string;
  readonly fields: readonly StructField[];
};
/** What every comprehension becomes: a fold over a range with an accumulator. */
export type FoldExpr = At & {
  readonly kind: 'fold';
  readonly range: Expr;
  readonly variable: string;
  readonly second: string | undefined;
  readonly accumulator: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
};

export type Expr = LiteralExpr | IdentExpr | SelectExpr | CallExpr | ListExpr | MapExpr | StructExpr | FoldExpr;

/** `a.b.c` as one name, or undefined when the expression is not made of names only. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}
