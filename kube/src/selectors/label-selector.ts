import { BerthError } from '../errors/index.ts';

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';

/** One condition; a selector is a conjunction of them, and the empty one matches everything. */
export interface LabelRequirement {
  key: string;
  operator: LabelOperator;
  values: readonly string[];
}

export type LabelSelector = readonly LabelRequirement[];

/** `metav1.LabelSelector`, as objects carry it. */
export interface LabelSelectorObject {
  matchLabels?: Readonly<Record<string, string>>;
  matchExpressions?: readonly { key: string; operator: string; values?: readonly string[] }[];
}

type Labels = Readonly<Record<string, string>> | undefined;

/**
 * Reads a selector as it stands in a URL: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.
 * Throws `BadRequest` that names what was found where. Source: "Labels and Selectors" of the Kubernetes documentation.
 */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokensOf(text);
  const requirements: LabelRequirement[] = [];
  let at = 0;
  const peek = () => tokens[at] ?? '';
  const next = () => tokens[at++] ?? '';
  const begins = () => peek() === '!' || (peek() !== '' && !isSymbol(peek()));
  if (tokens.length > 0 && !begins()) throw malformed(`found '${peek()}', expected: !, identifier, or 'end of string'`);
  while (at < tokens.length) {
    requirements.push(requirement());
    if (at >= tokens.length) break;
    const separator = next();
    if (separator !== ',') throw malformed(`found '${separator}', expected: ',' or 'end of string'`);
    if (!begins()) throw malformed(`found '${peek()}', expected: identifier after ','`);
  }
  return requirements;

  function requirement(): LabelRequirement {
    if (peek() === '!') {
      next();
      return checked({ key: word(), operator: 'DoesNotExist', values: [] });
    }
    const key = word();
    const operator = peek();
    if (operator === '' || operator === ',') return checked({ key, operator: 'Exists', values: [] });
    next();
    switch (operator) {
      case '=':
      case '==':
        return checked({ key, operator: 'In', values: [value()] });
      case '!=':
        return checked({ key, operator: 'NotIn', values: [value()] });
      case '>':
      case '<':
        return checked({ key, operator: operator === '>' ? 'Gt' : 'Lt', values: [value()] });
      case 'in':
      case 'notin':
        return checked({ key, operator: operator === 'in' ? 'In' : 'NotIn', values: values() });
      default:
        throw unparsable(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  function word(): string {
    const found = next();
    if (found === '' || isSymbol(found)) throw unparsable(`found '${found}', expected: identifier`);
    return found;
  }

  /** An absent value is the empty one: `a=` and `a=,b`. */
  function value(): string {
    const found = peek();
    if (found === '' || found === ',' || found === ')') return '';
    if (isSymbol(found)) throw unparsable(`found '${found}', expected: identifier`);
    return next();
  }

  function values(): string[] {
    const opening = next();
    if (opening !== '(') throw unparsable(`found '${opening}' expected: '('`);
    const found = [value()];
    while (peek() === ',') {
      next();
      found.push(value());
    }
    const closing = next();
    if (closing !== ')') throw unparsable(`found '${closing}', expected: ',' or ')'`);
    return found;
  }

  function checked(found: LabelRequirement): LabelRequirement {
    const problem = requirementProblem(found);
    if (problem !== undefined) throw unparsable(problem);
    return found;
  }
}

const symbols = new Set(['!', '=', '==', '!=', '>', '<', '(', ')', ',']);
const isSymbol = (token: string) => symbols.has(token);

function tokensOf(text: string): string[] {
  return text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
}

/** In the words of `labels.Parse`, which clients repeat. */
function unparsable(why: string): BerthError {
  return malformed(`unable to parse requirement: ${why}`);
}

function malformed(why: string): BerthError {
  return new BerthError('BadRequest', why);
}

const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function requirementProblem({ key, operator, values }: LabelRequirement): string | undefined {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const named = namePart.test(name) && name.length <= 63;
  if (!named || (prefix !== undefined && (!subdomain.test(prefix) || prefix.length > 253))) {
    return `key: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
  }
  if (operator === 'Gt' || operator === 'Lt') {
    return /^-?\d{1,18}$/.test(values[0] ?? '')
      ? undefined
      : `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`;
  }
  const bad = values.find((value) => value !== '' && (!namePart.test(value) || value.length > 63));
  return bad === undefined
    ? undefined
    : `values[0][${key}]: Invalid value: ${JSON.stringify(bad)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`;
}

/**
 * The selector in a `LabelSelector` object. Absent matches nothing, the empty one everything: as everywhere in
 * Kubernetes. Throws `BadRequest` for an operator that does not exist or values that do not fit it.
 */
export function labelSelectorOf(object: LabelSelectorObject | undefined | null): LabelSelector | undefined {
  if (object === undefined || object === null) return undefined;
  const requirements: LabelRequirement[] = Object.entries(object.matchLabels ?? {}).map(([key, value]) => ({
    key,
    operator: 'In',
    values: [value],
  }));
  for (const { key, operator, values = [] } of object.matchExpressions ?? []) {
    const listed = operator === 'In' || operator === 'NotIn';
    if (!listed && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw new BerthError('BadRequest', `${JSON.stringify(operator)} is not a valid label selector operator`);
    }
    if (listed && values.length === 0) {
      throw new BerthError(
        'BadRequest',
        "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
      );
    }
    requirements.push({ key, operator, values });
  }
  return requirements;
}

/** Whether the labels satisfy every requirement. A selector that is absent matches nothing. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  return selector.every((requirement) => satisfies(requirement, labels));
}

function satisfies({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default: {
      if (value === undefined || !/^-?\d{1,18}$/.test(value)) return false;
      const difference = BigInt(value) - BigInt(values[0] ?? '0');
      return operator === 'Gt' ? difference > 0n : difference < 0n;
    }
  }
}

/** The selector as a string for a URL or a column; the inverse of `parseLabelSelector`. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${[...values].sort().join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${[...values].sort().join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return `${key}${operator === 'Gt' ? '>' : '<'}${values[0]}`;
  }
}
