import type { Expr } from './ast.ts';

/** The expressions directly within one. */
export function children(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    case 'list':
      return expr.elements.map(({ value }) => value);
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}

/** Every expression within one, itself first, each once, although macros may use one twice. */
export function* descendants(root: Expr, enter: (expr: Expr) => boolean = () => true): Iterable<Expr> {
  const seen = new Set<Expr>();
  const open = [root];
  for (let expr = open.pop(); expr !== undefined; expr = open.pop()) {
    if (seen.has(expr)) continue;
    seen.add(expr);
    yield expr;
    if (enter(expr)) open.push(...[...children(expr)].reverse());
  }
}
