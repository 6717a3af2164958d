import { isData, own } from './data.ts';
import { type Filter, type Operand, parseJsonPath, type Step } from './json-path-parse.ts';

/** A compiled JSONPath: every value that it leads to, in the object's order. Throws where the path cannot be followed. */
export type JsonPath = (object: unknown) => unknown[];

/**
 * Compiles a path as `kubectl` and printer columns have them: `.spec.a[0].b`, `.metadata.labels['x\.y/z']`,
 * `.status.conditions[?(@.type=="Ready")].status`, `.items[*]`, `..name`. Missing fields lead nowhere; an index beyond
 * a list is an error. Throws `SyntaxError` for what is no path. Source: "JSONPath Support" of kubectl's documentation.
 */
export function jsonPath(path: string): JsonPath {
  const steps = parseJsonPath(path);
  return (object) => follow(steps, object);
}

function follow(steps: readonly Step[], object: unknown): unknown[] {
  return steps.reduce<unknown[]>((values, step) => values.flatMap((value) => take(step, value, object)), [object]);
}

function take(step: Step, value: unknown, root: unknown): unknown[] {
  switch (step.type) {
    case 'root':
      return [root];
    case 'field':
      return isData(value) && Object.hasOwn(value, step.name) ? [own(value, step.name)] : [];
    case 'every':
      if (Array.isArray(value)) return value;
      return isData(value) ? Object.values(value) : [];
    case 'slice':
      return slice(step, value);
    case 'descend':
      return descend(value);
    case 'union':
      return step.paths.flatMap((path) => follow(path, value));
    case 'filter':
      return elements(value).filter((item) => matches(step.filter, item));
  }
}

function elements(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw new RangeError('it is neither an array nor a slice, and cannot be filtered');
}

function slice(step: Step & { type: 'slice' }, value: unknown): unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new RangeError('it is not an array or slice');
  const { length } = value;
  if (step.single) {
    const index = step.from < 0 ? step.from + length : step.from;
    if (index < 0 || index >= length)
      throw new RangeError(`array index out of bounds: index ${step.from}, length ${length}`);
    return [value[index]];
  }
  const from = step.from < 0 ? step.from + length : step.from;
  const to = Math.min(step.to === undefined ? length : step.to < 0 ? step.to + length : step.to, length);
  const taken: unknown[] = [];
  for (let index = Math.max(from, 0); index < to; index += step.by) taken.push(value[index]);
  return taken;
}

/** The value and everything below it. */
function descend(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [value];
  return [value, ...Object.values(value).flatMap(descend)];
}

function matches({ left, operator, right }: Filter, item: unknown): boolean {
  const found = operandOf(left, item);
  if (operator === 'exists' || right === undefined) return found.length > 0;
  const wanted = operandOf(right, item);
  if (found.length === 0 || wanted.length === 0) return false;
  if (found.length > 1 || wanted.length > 1) throw new RangeError('can only compare one element at a time');
  const [a, b] = [found[0], wanted[0]];
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    default:
      if (typeof a !== typeof b || (typeof a !== 'number' && typeof a !== 'string')) {
        throw new TypeError('incompatible types for comparison');
      }
      return compare(operator, a, b as string | number);
  }
}

function compare(operator: '<' | '<=' | '>' | '>=', a: string | number, b: string | number): boolean {
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

function operandOf(operand: Operand, item: unknown): unknown[] {
  return operand.type === 'value' ? [operand.value] : follow(operand.path, item);
}
