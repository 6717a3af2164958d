import type { Meter } from '../evaluate/meter.ts';
import { matching, reading, searching } from './costs.ts';
import { declare } from './declare.ts';
import { compilePattern } from './regex.ts';

function matches(text: string, pattern: string, meter: Meter): boolean {
  meter.work(text.length);
  return compilePattern(pattern, meter).matcher(text).find();
}

/** The text functions of the language definition. */
export const text = [
  declare('string.contains(string): bool', (value: string, part: string) => value.includes(part), searching),
  declare('string.endsWith(string): bool', (value: string, end: string) => value.endsWith(end), reading),
  declare('string.startsWith(string): bool', (value: string, start: string) => value.startsWith(start), reading),
  declare('matches(string, string): bool', matches, () => 1),
  declare('string.matches(string): bool', matches, matching),
];
