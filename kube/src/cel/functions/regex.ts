import { RE2JS } from 're2js';
import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';

/** The longest pattern; Kubernetes has no such limit, but no pattern of a rule comes near it. */
const longestPattern = 10_000;

/**
 * A regular expression in RE2's syntax, whose matching takes time linear in the text. One evaluation compiles a pattern
 * once. Fails with the message that Go would give.
 */
export function compilePattern(pattern: string, meter: Meter): RE2JS {
  const known = meter.patterns.get(pattern);
  if (known !== undefined) return known as RE2JS;
  meter.work(pattern.length * 100);
  const compiled = readPattern(pattern);
  if (typeof compiled === 'string') return fail(compiled);
  meter.patterns.set(pattern, compiled);
  return compiled;
}

/** The compiled pattern, or what is wrong with it. */
export function readPattern(pattern: string): RE2JS | string {
  if (pattern.length > longestPattern) return 'error parsing regexp: expression too large';
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
