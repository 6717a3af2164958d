import type { Meter } from '../evaluate/meter.ts';
import {
  bool,
  bytes,
  type CelType,
  double,
  duration,
  dyn,
  int,
  list,
  map,
  nullType,
  opaque,
  optional,
  string,
  timestamp,
  typeOf,
  uint,
} from '../types.ts';
import type { Value } from '../values/value.ts';

/**
 * What a call costs beyond its arguments, before it runs: a hostile call is refused instead of being carried out.
 * The default is 1. Source: `CostEstimator.CallCost` of `k8s.io/apiserver/pkg/cel/library`, `costCall` of cel-go.
 */
export type CallCost = (args: readonly Value[], meter: Meter) => number;

/** One way to call a function. */
export interface Overload {
  /** The signature that it was declared with. */
  readonly id: string;
  readonly member: boolean;
  /** The receiver first, when it is a member. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly cost: CallCost | undefined;
  run(args: readonly Value[], meter: Meter): Value;
}

export interface FunctionLibrary {
  readonly [name: string]: readonly Overload[];
}

/** Any function whose arguments have been matched with the declared types. */
// biome-ignore lint/suspicious/noExplicitAny: each implementation states the types that its signature promises.
type Implementation = (...args: any[]) => Value;

/**
 * Declares `name(string, int): string` or, as a member, `string.name(int): string`. Capital letters are type
 * parameters. The implementation gets the arguments, receiver first, as values of the declared types, then the meter.
 */
export function declare(signature: string, run: Implementation, cost?: CallCost): readonly [string, Overload] {
  const parts = /^(?:(.*)\.)?([@\w$?:!&|<>=+*/%[\]-]+)\((.*)\): (.*)$/.exec(signature);
  if (parts === null) throw new Error(`not a signature: ${signature}`);
  const [, receiver, last = '', written = '', result = ''] = parts;
  const namespaced = receiver !== undefined && /^#/.test(receiver);
  const name = namespaced ? `${receiver.slice(1)}.${last}` : last;
  const member = receiver !== undefined && !namespaced;
  const params = [...(member ? [receiver] : []), ...split(written)].map(readType);
  const overload: Overload = {
    id: signature,
    member,
    params,
    result: readType(result),
    cost,
    run: (args, meter) => run(...args, meter),
  };
  return [name, overload];
}

/** Declarations gathered by function name, in their order. */
export function library(declarations: Iterable<readonly [string, Overload]>): Map<string, Overload[]> {
  const functions = new Map<string, Overload[]>();
  for (const [name, overload] of declarations) {
    const known = functions.get(name);
    if (known === undefined) functions.set(name, [overload]);
    else known.push(overload);
  }
  return functions;
}

const named: Readonly<Record<string, CelType>> = {
  dyn,
  bool,
  int,
  uint,
  double,
  string,
  bytes,
  null: nullType,
  timestamp,
  duration,
  quantity: opaque('kubernetes.Quantity'),
  url: opaque('kubernetes.URL'),
  ip: opaque('net.IP'),
  cidr: opaque('net.CIDR'),
  semver: opaque('kubernetes.Semver'),
  format: opaque('kubernetes.NamedFormat'),
  authorizer: opaque('kubernetes.authorization.Authorizer'),
  pathcheck: opaque('kubernetes.authorization.PathCheck'),
  groupcheck: opaque('kubernetes.authorization.GroupCheck'),
  resourcecheck: opaque('kubernetes.authorization.ResourceCheck'),
  decision: opaque('kubernetes.authorization.Decision'),
};

/** `list<map<string, A>>` as a type. */
function readType(text: string): CelType {
  const parts = /^(\w+)<(.*)>$/.exec(text);
  if (parts === null) {
    const known = named[text];
    if (known !== undefined) return known;
    if (/^[A-Z]$/.test(text)) return { kind: 'param', name: text };
    throw new Error(`not a type: ${text}`);
  }
  const [first = dyn, second = dyn] = split(parts[2] ?? '').map(readType);
  switch (parts[1]) {
    case 'list':
      return list(first);
    case 'map':
      return map(first, second);
    case 'optional':
      return optional(first);
    default:
      return typeOf(first);
  }
}

/** Splits at the commas that stand outside of angle brackets. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    if (character === '<') depth += 1;
    if (character === '>') depth -= 1;
    if (character === ',' && depth === 0) {
      parts.push(part.trim());
      part = '';
    } else part += character;
  }
  if (part.trim() !== '') parts.push(part.trim());
  return parts;
}
