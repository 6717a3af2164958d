import { describe, expect, it } from 'vitest';
import { CelBudget, CelError, celTypes, compile, perCallLimit, runtimeBudget } from './index.ts';

const { int, list, map, string, dyn } = celTypes;
const variables = { l: list(int), s: string, m: map(string, string), any: dyn };
const numbers = Array.from({ length: 100_000 }, (_, index) => index);
const text = 'a'.repeat(1_000_000);
const nested = (depth: number, within: (inner: unknown) => unknown) => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = within(value);
  return value;
};
const given = {
  l: numbers,
  s: text,
  m: Object.fromEntries(numbers.slice(0, 20_000).map((index) => [`k${index}`, 'v'])),
  any: {
    l: numbers,
    objects: nested(20_000, (inner) => ({ inner })),
    lists: nested(20_000, (inner) => [inner]),
  },
};

function outcome(expression: string, budget = new CelBudget()): string {
  try {
    compile(expression, { variables }).evaluate(given, budget);
    return 'value';
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return error.code;
  }
}

describe('hostile expressions', () => {
  it.each([
    ['nested comprehensions', 'l.all(x, l.all(y, l.all(z, x + y + z >= 0)))'],
    ['comprehensions over a map', 'm.all(k, m.all(j, m[k] == m[j]))'],
    ['texts that grow with each step', 'l.map(x, s + s).size() > 0'],
    ['a join of many large texts', 'l.map(x, s).join("").size() > 0'],
    ['replacement that multiplies', 's.replace("a", s).size() > 0'],
    ['a template that repeats a nested value', '"%s".format([l.map(x, l)])'],
    ['a huge range', 'lists.range(9223372036854775807).size()'],
    ['ranges of ranges', 'lists.range(900000).map(x, lists.range(900000))'],
    ['a sort of a large list', 'l.sort().size()'],
    ['a set of a large list', 'l.distinct().size()'],
    ['two large sets', 'sets.equivalent(l, l)'],
    ['large lists within one another', 'l.map(x, l).flatten().map(y, y).size()'],
    ['a pattern over a large text, often', 'l.exists(x, s.matches("a{100}b"))'],
    ['each match of a large text, often', 'l.exists(x, s.findAll("").size() == 0)'],
    ['a value that shares its parts', `[[1, 1], [1, 1]]${'.map(a, [a, a])'.repeat(40)}`],
    [
      'two values that share their parts',
      `${'[1]'}${'.map(a, [a, a])'.repeat(40)} == ${'[1]'}${'.map(a, [a, a])'.repeat(40)}`,
    ],
    ['an optional that doubles', `optional.of(1)${'.optMap(x, x)'.repeat(60)}.value()`],
    ['a scan that always fails', 'any.l.all(x, any.l.exists(y, y.foo == 1))'],
    ['time zones', 'l.map(x, timestamp(x).getHours("Europe/Berlin")).size()'],
  ])('are stopped: %s', (_, expression) => {
    const budget = new CelBudget();
    expect(outcome(expression, budget)).toBe('CostExceeded');
    expect(budget.spent).toBeLessThanOrEqual(2 * perCallLimit);
  });

  it.each([
    ['nested repetition', 's.matches("(a+)+$")', 'value'],
    ['alternatives that overlap', 's.matches("(a|aa)+b")', 'value'],
    ['many wildcards', 's.matches(".*.*.*=.*")', 'value'],
    ['repetition of repetition', 's.matches("((a{1000}){1000}){1000}")', 'Compilation'],
    ['spaces without end', '(s.replace("a", " ") + "x").trim().size()', 'value'],
    ['objects nested too deeply', 'any.objects == any.objects', 'Evaluation'],
    ['lists nested too deeply', '[any.lists].flatten(30000).size()', 'Evaluation'],
  ])('are answered: %s', (_, expression, wanted) => {
    expect(outcome(expression)).toBe(wanted);
  });

  it.each([
    ['brackets', '['.repeat(90_000)],
    ['parentheses', `${'('.repeat(1000)}1${')'.repeat(1000)}`],
    ['negations', `${'!'.repeat(89_999)}1`],
    ['sums', `1${'+1'.repeat(40_000)}`],
    ['selections', `a${'.a'.repeat(40_000)}`],
    ['conditionals', `${'true?1:'.repeat(10_000)}1`],
    ['messages', 'a.b.c{'.repeat(10_000)],
    ['what is no token', '#'.repeat(90_000)],
    ['quotes', "'".repeat(99_999)],
    ['lines with an open quote', '\n"'.repeat(40_000)],
    ['digits', '9'.repeat(90_000)],
    ['more than the limit', 'x'.repeat(200_000)],
  ])('do not compile: %s', (_, expression) => {
    expect(outcome(expression)).toBe('Compilation');
  });

  it.each(['__proto__', 'constructor', 'toString()', 'hasOwnProperty{a: 1}', 's.constructor'])(
    'cannot name what JavaScript has: %s',
    (expression) => expect(outcome(expression)).toBe('Compilation'),
  );

  it.each(['any.__proto__', 'any.constructor.name', 'm["__proto__"]', 'any.l.length', 'any["toString"]'])(
    'cannot reach what JavaScript has: %s',
    (expression) => expect(outcome(expression)).toBe('Evaluation'),
  );

  it('may use prototype names as keys of their own', () => {
    const program = compile('{"__proto__": {"polluted": true}, "constructor": {"polluted": true}}', { variables });
    const value = program.evaluate(given, new CelBudget()) as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('share one budget, which one evaluation cannot use up', () => {
    const budget = new CelBudget();
    const program = compile('l.all(x, l.all(y, x + y >= 0))', { variables });
    const stopped = () => {
      expect(() => program.evaluate(given, budget)).toThrow('operation cancelled: actual cost limit exceeded');
    };
    stopped();
    expect(budget.spent).toBeLessThan(runtimeBudget / 5);
    const small = new CelBudget(100);
    expect(() => program.evaluate(given, small)).toThrow(CelError);
    expect(small.remaining).toBe(0);
    expect(outcome('1 + 1 == 2', budget)).toBe('value');
  });
});
