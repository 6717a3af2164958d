import { Failure, fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { ArrayList, type List } from '../values/value.ts';
import { matching } from './costs.ts';
import { declare } from './declare.ts';
import { compilePattern } from './regex.ts';

function pattern(text: string, meter: Meter): ReturnType<typeof compilePattern> {
  try {
    return compilePattern(text, meter);
  } catch (error) {
    return error instanceof Failure ? fail(`Illegal regex: ${error.message}`) : rethrow(error);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function find(text: string, expression: string, meter: Meter): string {
  meter.work(text.length);
  const matcher = pattern(expression, meter).matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

/** All matches that do not overlap, at most `most` of them unless that is negative. */
function findAll(text: string, expression: string, most: bigint, meter: Meter): List {
  meter.work(text.length);
  const matcher = pattern(expression, meter).matcher(text);
  const found: string[] = [];
  // Go leaves out an empty match that touches the match before it.
  let end = -1;
  while ((most < 0n || BigInt(found.length) < most) && matcher.find()) {
    const match = matcher.group() ?? '';
    meter.work(10);
    meter.make(match.length + 1);
    if (match !== '' || matcher.start() !== end) found.push(match);
    end = matcher.end();
  }
  return new ArrayList(found);
}

/** What a pattern finds. Source: the regex library of `k8s.io/apiserver/pkg/cel/library`. */
export const toPatterns = [
  declare('string.find(string): string', find, matching),
  declare(
    'string.findAll(string): list<string>',
    (text: string, expression: string, meter: Meter) => findAll(text, expression, -1n, meter),
    matching,
  ),
  declare('string.findAll(string, int): list<string>', findAll, matching),
];
