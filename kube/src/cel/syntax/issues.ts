import { CelError } from '../errors.ts';

/** One thing that is wrong with an expression, at an index of its text; -1 where it has no place. */
export interface Issue {
  readonly offset: number;
  readonly message: string;
}

/** How many issues are shown, and found in the syntax at all. */
export const mostIssues = 100;
/** The longest line that is shown with an issue. */
const longestSnippet = 16_384;

/** All issues as one error, in the form that cel-go prints and Kubernetes passes on. */
export function compilationError(expression: string, issues: readonly Issue[]): CelError {
  const sorted = [...issues].sort((a, b) => a.offset - b.offset);
  const messages = sorted.slice(0, mostIssues).map((issue) => shown(expression, issue));
  if (sorted.length > mostIssues) messages.push(`${sorted.length - mostIssues} more errors were truncated`);
  return new CelError('Compilation', `compilation failed: ${messages.join('\n')}`);
}

function shown(expression: string, issue: Issue): string {
  if (issue.offset < 0) return `ERROR: <input>:-1:0: ${issue.message}`;
  // Nothing has no place in it and cannot be shown.
  if (expression === '') return `ERROR: <input>:1:0: ${issue.message}`;
  const before = expression.slice(0, issue.offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = before.split('\n').length;
  const lineEnd = expression.indexOf('\n', lineStart);
  const snippet = expression.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replaceAll('\t', ' ');
  const passed = [...expression.slice(lineStart, issue.offset)];
  const header = `ERROR: <input>:${line}:${passed.length + 1}: ${issue.message}`;
  if (Buffer.byteLength(snippet) > longestSnippet) return header;
  const at = expression.codePointAt(issue.offset) ?? 0;
  const dots = passed.map((character) => (wide(character.codePointAt(0) ?? 0) ? '．' : '.')).join('');
  return `${header}\n | ${snippet}\n | ${dots}${issue.offset < expression.length && wide(at) ? '＾' : '^'}`;
}

const wide = (codePoint: number) => codePoint > 0x7f;
