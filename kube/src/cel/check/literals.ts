import { readPattern } from '../functions/regex.ts';
import type { Expr, ListExpr, MapExpr } from '../syntax/ast.ts';
import { compilationError, type Issue } from '../syntax/issues.ts';
import { descendants } from '../syntax/walk.ts';
import { type CelType, dyn, printType } from '../types.ts';
import { parseDuration, parseTimestamp } from '../values/time.ts';
import type { Checked } from './checker.ts';
import { checkTemplate } from './templates.ts';
import { sameType } from './unify.ts';

/** Which function wants which argument to be well-formed, when it is a literal. */
const wellFormed = new Map<string, { at: number; valid: (text: string) => boolean }>([
  ['duration', { at: 0, valid: (text) => parseDuration(text) !== undefined }],
  ['timestamp', { at: 0, valid: (text) => parseTimestamp(text) !== undefined }],
  ['matches', { at: 1, valid: (text) => typeof readPattern(text) !== 'string' }],
]);

/**
 * Refuses literals that type-check and yet are wrong: malformed durations, timestamps and patterns, templates whose
 * arguments do not fit, lists and maps of several types. Source: the validators of Kubernetes' base environment.
 */
export function checkLiterals(expression: string, checked: Checked): void {
  const issues: Issue[] = [];
  for (const [expr, { name, args }] of checked.calls) {
    const rule = wellFormed.get(name);
    const literal = rule === undefined ? undefined : args[rule.at];
    if (rule !== undefined && isText(literal) && !rule.valid(literal.value)) {
      issues.push({ offset: literal.offset, message: `invalid ${name} argument` });
    }
    if (name === 'format') issues.push(...checkTemplate(checked, expr, args));
  }
  // What a template is given may be of any types.
  for (const expr of descendants(checked.root, (each) => each.kind !== 'call' || each.name !== 'format')) {
    if (expr.kind === 'list') issues.push(...checkList(checked, expr));
    if (expr.kind === 'map') issues.push(...checkMap(checked, expr));
  }
  if (issues.length > 0) throw compilationError(expression, issues);
}

function isText(expr: Expr | undefined): expr is Expr & { kind: 'literal'; value: string } {
  return expr?.kind === 'literal' && typeof expr.value === 'string';
}

function typeOf(checked: Checked, expr: Expr, optional: boolean): CelType {
  const type = checked.types.get(expr) ?? dyn;
  return optional && type.kind === 'opaque' ? (type.parameters[0] ?? dyn) : type;
}

function mismatch(offset: number, expected: CelType, found: CelType): Issue {
  return { offset, message: `expected type '${printType(expected)}' but found '${printType(found)}'` };
}

function checkList(checked: Checked, { elements }: ListExpr): Issue[] {
  let first: CelType | undefined;
  for (const { value, optional } of elements) {
    const type = typeOf(checked, value, optional);
    first ??= type;
    if (!sameType(first, type)) return [mismatch(value.offset, first, type)];
  }
  return [];
}

function checkMap(checked: Checked, { entries }: MapExpr): Issue[] {
  const issues: Issue[] = [];
  let first: { key: CelType; value: CelType } | undefined;
  for (const { key, value, optional } of entries) {
    const types = { key: typeOf(checked, key, false), value: typeOf(checked, value, optional) };
    first ??= types;
    if (!sameType(first.key, types.key)) issues.push(mismatch(key.offset, first.key, types.key));
    if (!sameType(first.value, types.value)) issues.push(mismatch(value.offset, first.value, types.value));
  }
  return issues;
}
