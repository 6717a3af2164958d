import type { Expr } from '../syntax/ast.ts';
import type { Issue } from '../syntax/issues.ts';
import { type CelType, dyn, printType } from '../types.ts';
import { typeNameOf } from '../values/value.ts';
import type { Checked } from './checker.ts';

const integers = ['int', 'uint'];
const printable = [
  ...integers,
  'double',
  'bool',
  'string',
  'bytes',
  'null',
  'timestamp',
  'duration',
  'type',
  'list',
  'map',
];
const allowed = 'strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps';

/** What each clause takes, and what is said of anything else. */
const clauses: Readonly<Record<string, readonly [kinds: readonly string[], message: string]>> = {
  s: [printable, `string clause can only be used on ${allowed}`],
  d: [integers, 'decimal clause can only be used on integers'],
  f: [['double', 'string'], 'fixed-point clause can only be used on doubles'],
  e: [['double', 'string'], 'scientific clause can only be used on doubles'],
  b: [[...integers, 'bool'], 'only integers and bools can be formatted as binary'],
  x: [[...integers, 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  X: [[...integers, 'string', 'bytes'], 'only integers, byte buffers, and strings can be formatted as hex'],
  o: [integers, 'octal clause can only be used on integers'],
};

/** What is wrong with `'template'.format([…])`, when both are written out. */
export function checkTemplate(checked: Checked, call: Expr, args: readonly Expr[]): Issue[] {
  const [template, given] = args;
  if (template?.kind !== 'literal' || typeof template.value !== 'string' || given?.kind !== 'list') return [];
  const values = given.elements.map(({ value }) => value);
  const issue = (message: string, at: Expr = call): Issue[] => [{ offset: at.offset, message }];
  let used = 0;
  for (const [, precision, clause = ''] of template.value.matchAll(/%(?:%|(\.\d*)?([\s\S]?))/g)) {
    if (clause === '' && precision === undefined) {
      // `%%` stands for itself; a single one at the end for nothing.
      if (template.value.endsWith('%') && /(?:^|[^%])(?:%%)*%$/.test(template.value))
        return issue('unexpected end of string');
      continue;
    }
    const rule = Object.hasOwn(clauses, clause) ? clauses[clause] : undefined;
    const value = values[used];
    if (value === undefined) return issue(`index ${used} out of range`);
    if (rule === undefined) {
      return issue(`could not parse formatting clause: unrecognized formatting clause "${clause}"`);
    }
    const wrong = unfit(checked, value, rule[0], clause === 's');
    if (wrong !== undefined) {
      return issue(`error during formatting: ${rule[1]}, was given ${nameOf(checked.types.get(wrong) ?? dyn)}`, wrong);
    }
    used += 1;
  }
  if (values.length <= used) return [];
  return issue(`too many arguments supplied to string.format (expected ${used}, got ${values.length})`);
}

/** The expression that does not fit: the argument, or something in the list or map that it is. */
function unfit(checked: Checked, value: Expr, kinds: readonly string[], nested: boolean): Expr | undefined {
  const type = checked.types.get(value) ?? dyn;
  if (type.kind !== 'dyn' && !kinds.includes(type.kind)) return value;
  if (!nested) return undefined;
  const within =
    value.kind === 'list'
      ? value.elements.map((element) => element.value)
      : value.kind === 'map'
        ? value.entries.flatMap((entry) => [entry.key, entry.value])
        : [];
  for (const each of within) {
    const wrong = unfit(checked, each, kinds, true);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function nameOf(type: CelType): string {
  if (type.kind === 'null') return typeNameOf(null);
  return type.kind === 'list' || type.kind === 'map' ? type.kind : printType(type);
}
