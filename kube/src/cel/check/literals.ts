import { readPattern } from '../functions/regex.ts';
import type { Expr } from '../syntax/ast.ts';
import { compilationError, type Issue } from '../syntax/issues.ts';
import { parseDuration, parseTimestamp } from '../values/time.ts';
import type { Checked } from './checker.ts';

/** Which function wants which argument to be well-formed, when it is a literal. */
const wanted: Readonly<Record<string, { at: number; valid: (text: string) => boolean }>> = {
  duration: { at: 0, valid: (text) => parseDuration(text) !== undefined },
  timestamp: { at: 0, valid: (text) => parseTimestamp(text) !== undefined },
  matches: { at: 1, valid: (text) => typeof readPattern(text) !== 'string' },
};

/** Refuses literals that could only fail later: durations, timestamps, regular expressions. */
export function checkLiterals(expression: string, checked: Checked): void {
  const issues: Issue[] = [];
  for (const [, { name, args }] of checked.calls) {
    const rule = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    const literal: Expr | undefined = rule === undefined ? undefined : args[rule.at];
    if (literal?.kind !== 'literal' || typeof literal.value !== 'string' || rule?.valid(literal.value) !== false)
      continue;
    issues.push({ offset: literal.offset, message: `invalid ${name} argument` });
  }
  if (issues.length > 0) throw compilationError(expression, issues);
}
