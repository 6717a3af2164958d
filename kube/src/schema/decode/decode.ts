import { BerthError } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { canonicalQuantity } from '../../quantity/index.ts';
import { builtInCatalogue } from '../catalogue.ts';
import { quoted } from '../quoted.ts';
import type { KindDescription, SchemaCatalogue } from '../types.ts';
import { type Shape, shapesOf } from './shape.ts';
import { canonicalTime } from './time.ts';

/** `fieldValidation` of a request: refuse unknown fields, report them, or drop them silently. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Decoded<T = KubeObject> {
  /** A new object with known fields only; it shares nothing that is mutable with the input. */
  object: T;
  /** `unknown field "spec.foo"`, one for each; empty under `Ignore`. To be sent as warnings. */
  warnings: string[];
}

export interface DecodedDefinition extends Decoded<Record<string, unknown>> {
  /** The paths that the warnings name: `spec.foo`. */
  unknown: string[];
}

let builtIn: ((definition: string) => Shape | undefined) | undefined;

/**
 * Decodes a body as an object of a built-in kind: fields of wrong types are refused, unknown ones dropped and
 * reported. `value` is what `JSON.parse` or the YAML parser gave; nothing in it is trusted.
 * Throws `BadRequest` worded as Kubernetes words it; under `Strict` also for unknown fields.
 */
export function decodeObject(
  kind: Pick<KindDescription, 'schema' | 'kind' | 'version'>,
  value: unknown,
  options: { mode: FieldValidation },
): Decoded {
  try {
    const decoded = decodeDefinition(kind.schema, value, options);
    const object = decoded.object as unknown as KubeObject;
    if (object.metadata === undefined) object.metadata = {} as KubeObject['metadata'];
    return { object, warnings: decoded.warnings };
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(
      'BadRequest',
      `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${error.message}`,
      { cause: error },
    );
  }
}

/**
 * Decodes a body as any definition of a catalogue, that of the built-in kinds by default, by its name
 * (`io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions`). Throws `BadRequest` without the sentence about the kind.
 */
export function decodeDefinition(
  definition: string,
  value: unknown,
  options: { mode: FieldValidation; catalogue?: SchemaCatalogue },
): DecodedDefinition {
  builtIn ??= shapesOf(builtInCatalogue());
  const root = (options.catalogue ? shapesOf(options.catalogue) : builtIn)(definition);
  if (root === undefined) throw new Error(`the catalogue has no definition ${definition}`);
  const decoder = new Decoder(options.mode !== 'Ignore');
  const object = decodeWithin(() => decoder.decode(root, value, '', { struct: '', path: '' }));
  const { unknown } = decoder;
  const warnings = unknown.map((path) => `unknown field ${quoted(path)}`);
  if (options.mode === 'Strict' && warnings.length > 0) {
    throw new BerthError('BadRequest', `strict decoding error: ${warnings.join(', ')}`);
  }
  return { object: (object ?? emptyOf(root)) as Record<string, unknown>, warnings, unknown };
}

/** Nesting deeper than the stack is refused like any other malformed body. */
function decodeWithin<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof RangeError) throw new BerthError('BadRequest', 'exceeded max depth', { cause: error });
    throw error;
  }
}

/** Where a value stands, as Go's decoder names it: the innermost struct, and the path without indices. */
interface Place {
  struct: string;
  path: string;
}

const integerLimits = { int32: 2 ** 31, int64: 2 ** 63 };
/** As many as Kubernetes reports. */
const maximumUnknown = 100;

class Decoder {
  readonly unknown: string[] = [];
  readonly #reportUnknown: boolean;

  constructor(reportUnknown: boolean) {
    this.#reportUnknown = reportUnknown;
  }

  /** `undefined` for null: Go leaves the field as it was. `at` is the path with indices, for unknown fields. */
  decode(shape: Shape, value: unknown, at: string, place: Place): unknown {
    if (value === null || value === undefined) return undefined;
    switch (shape.type) {
      case 'object':
        return this.#struct(shape, value, at, place);
      case 'map': {
        if (!isRecord(value)) throw mismatch(value, shape, place);
        const out: Record<string, unknown> = {};
        for (const [key, item] of Object.entries(value)) {
          set(
            out,
            key,
            this.decode(shape.values, item, at === '' ? key : `${at}.${key}`, place) ?? zeroOf(shape.values),
          );
        }
        return out;
      }
      case 'list': {
        if (!Array.isArray(value)) throw mismatch(value, shape, place);
        return value.map(
          (item, index) => this.decode(shape.items, item, `${at}[${index}]`, place) ?? zeroOf(shape.items),
        );
      }
      case 'any-object':
        if (!isRecord(value)) throw mismatch(value, shape, place);
        return copyData(value);
      case 'any':
        return copyData(value);
      default:
        return scalar(shape, value, place);
    }
  }

  #struct(shape: Shape & { type: 'object' }, value: unknown, at: string, place: Place): Record<string, unknown> {
    if (!isRecord(value)) throw mismatch(value, shape, place);
    const struct = shape.goType.slice(shape.goType.lastIndexOf('.') + 1);
    const out: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const field = shape.fields.get(key);
      if (field === undefined) {
        this.#noteUnknown(at === '' ? key : `${at}.${key}`);
        continue;
      }
      const decoded = this.decode(field.shape, item, at === '' ? key : `${at}.${key}`, {
        struct,
        path: place.path === '' ? key : `${place.path}.${key}`,
      });
      if (decoded === undefined || (field.presence === 'omitted' && isZero(decoded))) continue;
      out[key] = decoded;
    }
    addZeros(shape, out);
    return out;
  }

  #noteUnknown(path: string): void {
    if (this.#reportUnknown && this.unknown.length < maximumUnknown) this.unknown.push(path);
  }
}

/** -2^63 itself is no int64 any more when it is printed; whoever sent it is read as the number beside it. */
function isWithin(value: number, type: 'int32' | 'int64'): boolean {
  const limit = integerLimits[type];
  return value < limit && (value > -limit || (type === 'int32' && value === -limit));
}

function scalar(shape: Shape, value: unknown, place: Place): unknown {
  switch (shape.type) {
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'double':
      if (typeof value === 'number') return value;
      break;
    case 'int32':
    case 'int64':
      if (typeof value !== 'number') break;
      if (Number.isInteger(value) && isWithin(value, shape.type)) return value;
      throw mismatch(value, shape, place, `number ${value}`);
    case 'int-or-string':
      if (typeof value === 'string') return value;
      if (typeof value === 'number' && Number.isInteger(value) && isWithin(value, 'int32')) return value;
      break;
    case 'quantity':
      if (typeof value !== 'string' && typeof value !== 'number') break;
      return canonicalQuantity(value);
    case 'time':
    case 'micro-time':
      if (typeof value !== 'string') break;
      return canonicalTime(value, shape.type === 'time' ? 'seconds' : 'microseconds');
    case 'bytes':
      return bytes(value, shape, place);
  }
  throw mismatch(value, shape, place);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function bytes(value: unknown, shape: Shape, place: Place): string {
  if (typeof value !== 'string') throw mismatch(value, shape, place);
  const text = value.replace(/[\r\n]/g, '');
  if (!base64.test(text)) {
    const wrong = text.search(/[^A-Za-z0-9+/]/);
    throw new BerthError('BadRequest', `illegal base64 data at input byte ${wrong < 0 ? text.length : wrong}`);
  }
  return text;
}

/** What Go's JSON decoder says of a value that does not fit its field. */
function mismatch(value: unknown, shape: Shape, place: Place, described = describe(value)): BerthError {
  const where =
    place.struct === ''
      ? `Go value of type ${shape.goType}`
      : `Go struct field ${place.struct}.${place.path} of type ${shape.goType}`;
  return new BerthError('BadRequest', `json: cannot unmarshal ${described} into ${where}`);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isZero(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  // There may be very many fields: only whether there is one is asked.
  for (const key in value) if (Object.hasOwn(value, key)) return false;
  return true;
}

/** What Go writes although it was not given. */
function addZeros(shape: Shape & { type: 'object' }, out: Record<string, unknown>): void {
  for (const [key, { shape: below, presence }] of shape.written) {
    if (Object.hasOwn(out, key)) continue;
    if (presence === 'zero') out[key] = zeroOf(below);
    else out[key] = emptyOf(below);
  }
}

function emptyOf(shape: Shape): Record<string, unknown> {
  const empty: Record<string, unknown> = {};
  if (shape.type === 'object') addZeros(shape, empty);
  return empty;
}

/** What Go makes of a null among the values of a map or list. */
function zeroOf(shape: Shape): unknown {
  switch (shape.type) {
    case 'object':
      return {};
    case 'boolean':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'int-or-string':
      return 0;
    case 'quantity':
      return '0';
    case 'string':
    case 'bytes':
      return '';
    default:
      return null;
  }
}

/** Assigns a key from outside: `__proto__` becomes a field like any other. */
function set(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** A deep copy of plain data, hostile keys included. */
export function copyData<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyData) as T;
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) set(out, key, copyData((value as Record<string, unknown>)[key]));
  return out as T;
}
