import { BerthError, type ErrorCause } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { quoted } from '../quoted.ts';
import type { KindDescription } from '../types.ts';

/** Characters that may be said about one object. Nobody reads more, and objects are made that have ever more to say. */
const most = 1024 * 1024;

/**
 * Collects what is wrong with an object, one cause a field, in the words of Kubernetes' own validation; of what would
 * be megabytes, the beginning.
 * Source: the error types of `k8s.io/apimachinery/pkg/util/validation/field`.
 */
export class Problems {
  readonly causes: ErrorCause[] = [];
  readonly #seen = new Set<string>();
  readonly #fields = new Set<string>();
  /** What was said already of a value that is not a text or number, which is long to show. */
  readonly #told = new Map<unknown, Set<string>>();
  #said = 0;

  required(field: string, detail = ''): void {
    this.#add('FieldValueRequired', field, 'Required value', detail);
  }

  invalid(field: string, value: unknown, detail: string): void {
    if (this.#isNew(field, value, detail)) {
      this.#add('FieldValueInvalid', field, `Invalid value: ${shown(value)}`, detail);
    }
  }

  /** An `invalid` that does not repeat the value. */
  wrong(field: string, detail: string): void {
    this.#add('FieldValueInvalid', field, 'Invalid value', detail);
  }

  unsupported(field: string, value: unknown, supported: readonly string[]): void {
    if (!this.#hasRoom()) return;
    const values = supported.map(quoted).join(', ');
    this.#add('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}`, `supported values: ${values}`);
  }

  duplicate(field: string, value: unknown, detail = ''): void {
    if (this.#hasRoom()) this.#add('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}`, detail);
  }

  forbidden(field: string, detail: string): void {
    this.#add('FieldValueForbidden', field, 'Forbidden', detail);
  }

  notFound(field: string, value: unknown): void {
    if (this.#hasRoom()) this.#add('FieldValueNotFound', field, `Not found: ${shown(value)}`);
  }

  tooLong(field: string, maximum: number): void {
    this.#add('FieldValueTooLong', field, `Too long: may not be more than ${maximum} bytes`);
  }

  tooMany(field: string, actual: number, maximum: number): void {
    this.#add('FieldValueTooMany', field, `Too many: ${actual}`, `must have at most ${maximum} items`);
  }

  /** Whether anything is wrong with a field, which is then not judged a second time by what the schema alone can tell. */
  has(field: string): boolean {
    return this.#fields.has(field);
  }

  #isNew(field: string, value: unknown, detail: string): boolean {
    if (!this.#hasRoom()) return false;
    if (typeof value !== 'object' || value === null) return true;
    const told = this.#told.get(value) ?? new Set();
    this.#told.set(value, told);
    const sentence = `${field}: ${detail}`;
    const isNew = !told.has(sentence);
    told.add(sentence);
    return isNew;
  }

  #hasRoom(): boolean {
    return this.#said < most;
  }

  /** Says again what `rule` finds, as Kubernetes does where two of its rules look at the same: the causes repeat. */
  twice(rule: (problems: Problems) => void): void {
    if (!this.#hasRoom()) return;
    const found = new Problems();
    rule(found);
    for (const { field } of found.causes) this.#fields.add(field ?? '');
    this.#said += 2 * found.#said;
    this.causes.push(...found.causes, ...found.causes);
  }

  /** A rule and the schema may find the same fault: it is said once. */
  #add(reason: string, field: string, message: string, detail = ''): void {
    if (!this.#hasRoom()) return;
    const key = `${reason} ${field}`;
    if (reason === 'FieldValueRequired' && this.#seen.has(key)) return;
    const whole = detail === '' ? message : `${message}: ${detail}`;
    if (this.#seen.has(`${key} ${whole}`)) return;
    this.#seen.add(key).add(`${key} ${whole}`);
    this.#fields.add(field);
    this.#said += field.length + whole.length;
    this.causes.push({ reason, message: whole, field });
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return value === undefined ? 'null' : JSON.stringify(value);
}

/** All causes as one text, as Kubernetes joins them. */
export function sentenceOf(causes: readonly ErrorCause[]): string {
  const all = causes.map((cause) => (cause.field ? `${cause.field}: ${cause.message}` : cause.message));
  // Causes may repeat, sentences do not.
  const sentences = [...new Set(all)];
  return sentences.length === 1 ? (sentences[0] as string) : `[${sentences.join(', ')}]`;
}

/** The 422 for an object that is not valid, worded as Kubernetes words it. */
export function invalidError(
  kind: Pick<KindDescription, 'kind' | 'group'>,
  name: string,
  causes: readonly ErrorCause[],
): BerthError {
  const what = sentenceOf(causes);
  // Events are the core group's, whichever group they are written through.
  const group = kind.group === 'events.k8s.io' ? '' : kind.group;
  const qualified = group === '' ? kind.kind : `${kind.kind}.${group}`;
  return new BerthError('Invalid', `${qualified} ${quoted(name)} is invalid: ${what}`, {
    details: { name, ...(group === '' ? {} : { group }), kind: kind.kind, causes: [...causes] },
  });
}

/** Throws the 422 when there is anything to say. */
export function refuseInvalid(
  kind: Pick<KindDescription, 'kind' | 'group'>,
  object: KubeObject,
  causes: readonly ErrorCause[],
): void {
  if (causes.length > 0) throw invalidError(kind, object.metadata?.name ?? '', causes);
}
