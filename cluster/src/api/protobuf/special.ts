import { badRequest } from '../faults.ts';
import { Reader } from './reader.ts';

/** Decodes a message that stands within another. */
type Decode = (message: string, bytes: Uint8Array) => unknown;

const extensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';

/** The messages that JSON writes in another form than field by field. */
export const special: Readonly<Record<string, (bytes: Uint8Array, decode: Decode) => unknown>> = {
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': (bytes) => {
    const { 1: type, 2: number, 3: text } = fieldsOf(bytes);
    return type === 1n ? textOf(text) : Number(number ?? 0n);
  },
  'k8s.io.apimachinery.pkg.api.resource.Quantity': (bytes) => textOf(fieldsOf(bytes)[1]),
  'k8s.io.apimachinery.pkg.apis.meta.v1.Time': (bytes) => timeOf(bytes, 'seconds'),
  'k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': (bytes) => timeOf(bytes, 'microseconds'),
  'k8s.io.apimachinery.pkg.apis.meta.v1.Duration': (bytes) => `${Number(fieldsOf(bytes)[1] ?? 0n) / 1e9}s`,
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': (bytes) => jsonOf(fieldsOf(bytes)[1]),
  'k8s.io.apimachinery.pkg.runtime.RawExtension': (bytes) => jsonOf(fieldsOf(bytes)[1]),
  [`${extensions}.JSON`]: (bytes) => jsonOf(fieldsOf(bytes)[1]),
  [`${extensions}.JSONSchemaPropsOrArray`]: (bytes, decode) =>
    schemaOf(fieldsOf(bytes)[1], decode) ?? valuesOf(bytes, 2).map((value) => schemaOf(value, decode)),
  [`${extensions}.JSONSchemaPropsOrBool`]: (bytes, decode) => {
    const { 1: allows, 2: schema } = fieldsOf(bytes);
    return schemaOf(schema, decode) ?? allows === 1n;
  },
  [`${extensions}.JSONSchemaPropsOrStringArray`]: (bytes, decode) =>
    schemaOf(fieldsOf(bytes)[1], decode) ?? valuesOf(bytes, 2).map(textOf),
  'k8s.io.apimachinery.pkg.apis.meta.v1.Verbs': textsOf,
  'k8s.io.api.authentication.v1.ExtraValue': textsOf,
  'k8s.io.api.authorization.v1.ExtraValue': textsOf,
  'k8s.io.api.certificates.v1.ExtraValue': textsOf,
};

type Value = bigint | Uint8Array | undefined;

function fieldsOf(bytes: Uint8Array): Record<number, Value> {
  const fields: Record<number, Value> = {};
  const reader = new Reader(bytes);
  while (!reader.isDone) {
    const { number, value } = reader.field();
    fields[number] = value;
  }
  return fields;
}

function schemaOf(value: Value, decode: Decode): unknown {
  return value instanceof Uint8Array ? decode(`${extensions}.JSONSchemaProps`, value) : undefined;
}

/** Every value of a repeated field. */
function valuesOf(bytes: Uint8Array, wanted: number): Value[] {
  const values: Value[] = [];
  const reader = new Reader(bytes);
  while (!reader.isDone) {
    const { number, value } = reader.field();
    if (number === wanted) values.push(value);
  }
  return values;
}

function textOf(value: Value): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}

function jsonOf(value: Value): unknown {
  const text = textOf(value);
  return text === '' ? undefined : JSON.parse(text);
}

function textsOf(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  const reader = new Reader(bytes);
  while (!reader.isDone) texts.push(textOf(reader.field().value));
  return texts;
}

/** The zero time, which is an empty message, is null in JSON. */
function timeOf(bytes: Uint8Array, precision: 'seconds' | 'microseconds'): string | undefined {
  if (bytes.length === 0) return undefined;
  const { 1: seconds, 2: nanos } = fieldsOf(bytes);
  const date = new Date(typeof seconds === 'bigint' ? Number(seconds) * 1000 : 0);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw badRequest('the protobuf body has a time outside of the years 0 to 9999');
  const whole = date.toISOString().slice(0, 19);
  if (precision === 'seconds') return `${whole}Z`;
  return `${whole}.${String(Math.trunc(Number(nanos ?? 0n) / 1000)).padStart(6, '0')}Z`;
}
