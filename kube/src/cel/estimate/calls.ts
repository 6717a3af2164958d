import type { Expr } from '../syntax/ast.ts';
import type { CelType } from '../types.ts';
import { addCosts, costOf, fixed, multiplyCosts, product, type Size, sum, union, unknown } from './size.ts';

/** An argument (the receiver first) as far as its cost is concerned. */
export interface Argument {
  readonly expr: Expr;
  readonly type: CelType;
  readonly size: Size | undefined;
  /** What its elements are bounded by, when it is a list. */
  readonly element: Size | undefined;
}

/** What a call costs at most besides its arguments, and how large its result may be. */
export interface CallEstimate {
  readonly cost: number;
  readonly size?: Size | undefined;
}

type Estimate = (args: readonly Argument[], overload: string) => CallEstimate | undefined;

const sizeOf = (argument: Argument | undefined) => argument?.size ?? unknown;
const one: Estimate = () => ({ cost: 1 });
const reading: Estimate = ([text]) => ({ cost: costOf(sizeOf(text)) });
const readingTwice: Estimate = ([text]) => ({ cost: costOf(sizeOf(text), 0.2) });
const sameSize: Estimate = ([text]) => ({ cost: costOf(sizeOf(text)), size: sizeOf(text) });

const matching = (text: Size, pattern: Size) => multiplyCosts(costOf(sum(text, fixed(1))), costOf(pattern, 0.25));

const shorter: Estimate = ([a, b]) => ({ cost: costOf(Math.min(sizeOf(a).max, sizeOf(b).max)) });

/** The literal's value, or what is assumed where it is not one. */
function literal(argument: Argument | undefined, otherwise: number): number {
  const expr = argument?.expr;
  return expr?.kind === 'literal' && typeof expr.value === 'bigint' ? Math.max(0, Number(expr.value)) : otherwise;
}

const making = (factor: number, size: Size): CallEstimate => ({ cost: addCosts(costOf(size, factor), 11), size });
const isText = (type: CelType | undefined) => type?.kind === 'string' || type?.kind === 'bytes';

const everyElement: Estimate = ([list]) => {
  const size = sizeOf(list);
  if (list?.type.kind !== 'list') return { cost: costOf(size) };
  const each = isText(list.type.element) ? addCosts(1, costOf(list.element ?? unknown)) : 1;
  return { cost: multiplyCosts(size.max, each) };
};

/** Every element compared with every other. */
const comparing =
  (of: number): Estimate =>
  (args) => {
    const list = args[of];
    const size = sizeOf(list);
    const text = list?.type.kind === 'list' && isText(list.type.element);
    return making(text ? 2.1 : 2, product(size, size));
  };

const replace: Estimate = ([text, part, by]) => {
  const size = sizeOf(text);
  const [from, to] = [sizeOf(part), sizeOf(by)];
  const places = from.min === 0 ? size.max + 1 : to.max <= from.min ? 0 : Math.ceil(size.max / from.min);
  const kept = from.min === 0 || to.max <= from.min ? size.max : 0;
  const least = from.max === 0 ? size.min + 1 : from.max <= to.min ? 0 : Math.ceil(size.min / from.max);
  const keptLeast = from.max === 0 || from.max <= to.min ? size.min : 0;
  const result = sum(product({ min: least, max: places }, to), { min: keptLeast, max: kept });
  return { cost: costOf(size, 0.2), size: result };
};

const join: Estimate = ([list, separator]) => {
  const count = sizeOf(list);
  const texts = product(count, list?.element ?? unknown);
  const between = { min: Math.max(0, count.min - 1), max: Math.max(0, count.max - 1) };
  const size = separator === undefined ? texts : sum(texts, product(sizeOf(separator), between));
  return { cost: costOf(size), size };
};

const split: Estimate = ([text, , parts]) => {
  const size = sizeOf(text);
  return { cost: costOf(size, 0.2), size: { min: 0, max: literal(parts, size.max) } };
};

const find: Estimate = ([text, pattern]) => ({
  cost: matching(sizeOf(text), sizeOf(pattern)),
  size: { min: 0, max: sizeOf(text).max },
});

/** An end before the start is taken for anything at all, since cel-go's arithmetic wraps there. */
const slice: Estimate = ([list, start, end]) => {
  const size = literal(end, sizeOf(list).max) - literal(start, 0);
  return making(1, fixed(size < 0 ? unknown.max : size));
};

const selector: Estimate = ([, text]) => {
  const size = sizeOf(text);
  return { cost: addCosts(10, costOf(size), costOf(costOf(size, 0.5), 50)) };
};

const add: Estimate = ([a, b], overload) => {
  if (!/string|bytes|list/.test(overload)) return { cost: 1 };
  const size = sum(sizeOf(a), sizeOf(b));
  return { cost: overload.includes('list') ? 1 : costOf(size), size };
};

const address = { max: 16, min: 4 };
const inNetwork =
  (base: number): Estimate =>
  ([, other], overload) => ({
    cost: addCosts(base, overload.includes('(string)') ? costOf(sizeOf(other)) : 0),
  });

const equal: Estimate = (args, overload) => {
  const [a, b] = args;
  const name = a?.type.kind === 'opaque' && b?.type.kind === 'opaque' && a.type.name === b.type.name ? a.type.name : '';
  if (name === 'kubernetes.NamedFormat') return { cost: costOf(64) };
  if (name === 'kubernetes.URL') return { cost: costOf(b?.size ?? fixed(1)) };
  return name === '' || name === 'optional_type' ? shorter(args, overload) : { cost: 1 };
};

const ordered: Estimate = (args, overload) => (/string|bytes/.test(overload) ? shorter(args, overload) : { cost: 1 });

const converted: Readonly<Record<string, (size: Size) => Size>> = {
  'bytes(string): bytes': ({ min, max }) => ({ min, max: max * 4 }),
  'string(bytes): string': ({ min, max }) => ({ min: Math.floor(min / 4), max }),
};

const convert: Estimate = ([value], overload) => {
  const resized = converted[overload];
  return resized === undefined ? undefined : { cost: costOf(sizeOf(value)), size: resized(sizeOf(value)) };
};

/**
 * Estimates by function. Source: `EstimateCallCost` of `k8s.io/apiserver/pkg/cel/library`, `functionCost` of cel-go's
 * checker and the estimators of its extensions. What is not named here costs one.
 */
export const estimates = new Map<string, Estimate>([
  ...['_<_', '_<=_', '_>_', '_>=_'].map((name) => [name, ordered] as const),
  ...['isSorted', 'sum', 'max', 'min', 'indexOf', 'lastIndexOf'].map((name) => [name, everyElement] as const),
  ...['lowerAscii', 'upperAscii', 'substring', 'trim', 'url', 'jsonpatch.escapeKey'].map(
    (name) => [name, sameSize] as const,
  ),
  ...['cidr', 'isIP', 'isCIDR', 'quantity', 'isQuantity', 'semver', 'isSemver', 'format'].map(
    (name) => [name, reading] as const,
  ),
  ['ip', (args, overload) => (overload.startsWith('cidr.') ? { cost: 1 } : reading(args, overload))],
  ['ip.isCanonical', readingTwice],
  ['_==_', equal],
  ['_!=_', shorter],
  ['_+_', add],
  ['@in', ([, list], overload) => ({ cost: overload.includes('map<') ? 1 : sizeOf(list).max })],
  ['startsWith', ([, start]) => ({ cost: costOf(sizeOf(start)) })],
  ['endsWith', ([, end]) => ({ cost: costOf(sizeOf(end)) })],
  ['contains', ([text, part]) => ({ cost: multiplyCosts(costOf(sizeOf(text)), costOf(sizeOf(part))) })],
  [
    'matches',
    ([text, pattern], overload) => ({
      cost: overload.startsWith('string.') ? matching(sizeOf(text), sizeOf(pattern)) : 1,
    }),
  ],
  ['bytes', convert],
  ['string', convert],
  [
    'strings.quote',
    ([text]) => ({ cost: costOf(sizeOf(text)), size: { min: sizeOf(text).min + 2, max: sizeOf(text).max * 2 + 2 } }),
  ],
  ['replace', replace],
  ['split', split],
  ['join', join],
  ['find', find],
  ['findAll', find],
  ['slice', slice],
  ['flatten', ([list, depth]) => making(depth === undefined ? 1 : literal(depth, unknown.max), sizeOf(list))],
  ['reverse', ([list]) => making(1, sizeOf(list))],
  ['distinct', ([list]) => making(2, product(sizeOf(list), sizeOf(list)))],
  ['sort', comparing(0)],
  ['@sortByAssociatedKeys', comparing(1)],
  ['lists.range', ([end]) => making(1, fixed(literal(end, unknown.max)))],
  ['sets.contains', sets(1)],
  ['sets.intersects', sets(1)],
  ['sets.equivalent', sets(2)],
  ['containsIP', inNetwork(costOf(2 * address.max))],
  ['containsCIDR', inNetwork(costOf(2 * address.max) + costOf(address.max) + 1)],
  ['validate', ([, text]) => ({ cost: costOf(costOf(sizeOf(text)), 128 * 0.25) })],
  ['check', () => ({ cost: 350_000 })],
  ['fieldSelector', selector],
  ['labelSelector', selector],
  ['size', one],
]);

function sets(times: number): Estimate {
  return ([a, b]) => ({ cost: addCosts(1, costOf(product(sizeOf(a), sizeOf(b)), times)) });
}

/** The estimate of one call that has been resolved to some overloads: the dearest counts. */
export function estimateCall(name: string, overloads: readonly string[], args: readonly Argument[]): CallEstimate {
  let cost = 0;
  let size: Size | undefined;
  for (const overload of overloads) {
    const found = estimates.get(name)?.(args, overload) ?? { cost: 1 };
    cost = Math.max(cost, found.cost);
    if (found.size !== undefined) size = size === undefined ? found.size : union(size, found.size);
  }
  return { cost, size };
}
