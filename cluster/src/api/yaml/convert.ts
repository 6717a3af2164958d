import { dump, load, YAMLException } from 'js-yaml';
import { repeatedKeys } from './repeated-keys.ts';
import { schema } from './schema.ts';

/** JSON in, YAML out, or the other way. What goes in and out is text, so that it may cross to another thread. */
export type Conversion = 'toJson' | 'toYaml';

export interface Converted {
  text: string;
  /** Keys that a map names twice, as `line 3: key "a" already set in map`; the last one counts. */
  repeated: string[];
}

/** As Kubernetes prints it. */
const style = { lineWidth: -1, noRefs: true, seqNoIndent: true, sortKeys: true, quoteStyle: 'double' } as const;

/** Collections within one another, as in JSON bodies. */
const maxDepth = 200;
/** What aliases may unfold a body to, in characters of JSON, about. */
const mostUnfolded = 8 * 1024 * 1024;

/** Throws an `Error` with a sentence about the text that cannot be read. */
export function convert(conversion: Conversion, text: string): Converted {
  if (conversion === 'toYaml') return { text: dump(JSON.parse(text), style), repeated: [] };
  const { value, repeated } = read(text);
  checkUnfolded(value);
  return { text: JSON.stringify(value), repeated };
}

function read(text: string): { value: unknown; repeated: string[] } {
  if (isBlank(text)) return { value: null, repeated: [] };
  const options = { schema, maxDepth };
  try {
    return { value: load(text, options), repeated: [] };
  } catch (error) {
    if (!isRepeatedKey(error)) throw sentenceOf(error);
  }
  try {
    return { value: load(text, { ...options, json: true }), repeated: repeatedKeys(text, maxDepth) };
  } catch (error) {
    throw sentenceOf(error);
  }
}

/** Nothing but space and comments, which stands for null. */
function isBlank(text: string): boolean {
  return text.split('\n').every((line) => /^\s*(?:#.*)?$/.test(line));
}

function isRepeatedKey(error: unknown): boolean {
  return error instanceof YAMLException && error.message.startsWith('duplicated mapping key');
}

/** With the line, which the library appends as `(line:column)` to the first line of its message. */
function sentenceOf(error: unknown): Error {
  if (error instanceof RangeError) return new Error('yaml: it nests too deeply');
  const [first = ''] = (error as Error).message.split('\n');
  const at = / \((\d+):(\d+)\)$/.exec(first);
  if (!at) return new Error(`yaml: ${first}`);
  return new Error(`yaml: line ${at[1]}, column ${at[2]}: ${first.slice(0, at.index)}`);
}

/** Aliases share what they stand for; in JSON it stands there each time. Throws when that becomes too much. */
function checkUnfolded(value: unknown): void {
  const known = new Map<object, number>();
  const sizeOf = (part: unknown): number => {
    if (typeof part === 'string') return part.length + 2;
    if (typeof part === 'number' && !Number.isFinite(part)) {
      throw new Error(`json: unsupported value: ${part > 0 ? '+Inf' : part < 0 ? '-Inf' : 'NaN'}`);
    }
    if (typeof part !== 'object' || part === null) return 5;
    const before = known.get(part);
    if (before === Number.POSITIVE_INFINITY) throw new Error('yaml: an anchor value contains itself');
    if (before !== undefined) return before;
    known.set(part, Number.POSITIVE_INFINITY);
    let size = 2;
    for (const [key, child] of Object.entries(part)) size += key.length + 4 + sizeOf(child);
    known.set(part, size);
    if (size > mostUnfolded) throw new Error('yaml: document contains excessive aliasing');
    return size;
  };
  try {
    sizeOf(value);
  } catch (error) {
    throw error instanceof RangeError ? sentenceOf(error) : error;
  }
}
