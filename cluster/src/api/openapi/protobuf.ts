import { Writer } from './wire.ts';

/** What `/openapi/v2` in protobuf is called. */
export const protobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** What clients ask for it by; client-go by the older name, which is no media type that it could read in an answer. */
export const protobufTypes: readonly string[] = [
  protobufType,
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
];

type Json = { readonly [field: string]: unknown };
type Write = (writer: Writer, field: number, value: unknown) => void;
/** By the JSON's field: the number of the message's, and how it is written. */
type Message = Readonly<Record<string, readonly [number, Write]>>;

const string: Write = (writer, field, value) => writer.text(field, String(value));
const boolean: Write = (writer, field, value) => writer.integer(field, value ? 1 : 0);
const integer: Write = (writer, field, value) => writer.integer(field, Number(value));
const double: Write = (writer, field, value) => writer.double(field, Number(value));
/** Any value travels as a text of YAML, which JSON is. */
const any: Write = (writer, field, value) => writer.message(field, (inner) => inner.text(2, JSON.stringify(value)));

const each =
  (write: Write): Write =>
  (writer, field, value) => {
    for (const one of Array.isArray(value) ? value : [value]) write(writer, field, one);
  };

const message =
  (fields: () => Message, extensions?: number): Write =>
  (writer, field, value) =>
    writer.message(field, (inner) => writeMessage(inner, fields(), value as Json, extensions));

/** A message around another one, of which it is the field `inner`. */
const wrapped =
  (inner: number, write: Write): Write =>
  (writer, field, value) =>
    writer.message(field, (outer) => write(outer, inner, value));

/** A map, as a message of named values. */
const named =
  (write: Write, entries = 1): Write =>
  (writer, field, value) =>
    writer.message(field, (map) => {
      for (const [name, one] of Object.entries(value as Json)) {
        map.message(entries, (entry) => write(entry.text(1, name), 2, one));
      }
    });

function writeMessage(writer: Writer, fields: Message, value: Json, extensions: number | undefined): void {
  for (const [name, one] of Object.entries(value)) {
    const known = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (known) known[1](writer, known[0], one);
    else if (extensions !== undefined && name.startsWith('x-')) {
      writer.message(extensions, (entry) => any(entry.text(1, name), 2, one));
    }
  }
}

const schema: Write = (writer, field, value) => message(() => schemaFields, 31)(writer, field, value);

const schemaFields: Message = {
  $ref: [1, string],
  format: [2, string],
  title: [3, string],
  description: [4, string],
  default: [5, any],
  multipleOf: [6, double],
  maximum: [7, double],
  exclusiveMaximum: [8, boolean],
  minimum: [9, double],
  exclusiveMinimum: [10, boolean],
  maxLength: [11, integer],
  minLength: [12, integer],
  pattern: [13, string],
  maxItems: [14, integer],
  minItems: [15, integer],
  uniqueItems: [16, boolean],
  maxProperties: [17, integer],
  minProperties: [18, integer],
  required: [19, each(string)],
  enum: [20, each(any)],
  additionalProperties: [
    21,
    (writer, field, value) =>
      wrapped(typeof value === 'boolean' ? 2 : 1, typeof value === 'boolean' ? boolean : schema)(writer, field, value),
  ],
  type: [22, wrapped(1, each(string))],
  items: [23, wrapped(1, each(schema))],
  allOf: [24, each(schema)],
  properties: [25, named(schema)],
  externalDocs: [29, message(() => ({ description: [1, string], url: [2, string] }), 3)],
  example: [30, any],
};

const bodyFields: Message = {
  description: [1, string],
  name: [2, string],
  in: [3, string],
  required: [4, boolean],
  schema: [5, schema],
};

/** Parameters in the query have one field more than those in the path. */
const otherFields = (more: 0 | 1): Message => ({
  required: [1, boolean],
  in: [2, string],
  description: [3, string],
  name: [4, string],
  type: [5 + more, string],
  format: [6 + more, string],
  default: [9 + more, any],
  uniqueItems: [19 + more, boolean],
});
const pathFields = otherFields(0);
const queryFields = otherFields(1);

const parameter: Write = (writer, field, value) => {
  const place = (value as Json).in;
  const own =
    place === 'body'
      ? wrapped(
          1,
          message(() => bodyFields, 6),
        )
      : place === 'path'
        ? wrapped(
            2,
            wrapped(
              4,
              message(() => pathFields, 22),
            ),
          )
        : wrapped(
            2,
            wrapped(
              3,
              message(() => queryFields, 23),
            ),
          );
  wrapped(1, own)(writer, field, value);
};

const response = message(() => ({ description: [1, string], schema: [2, wrapped(1, schema)] }), 5);

const operation = message(
  () => ({
    tags: [1, each(string)],
    summary: [2, string],
    description: [3, string],
    operationId: [5, string],
    produces: [6, each(string)],
    consumes: [7, each(string)],
    parameters: [8, each(parameter)],
    responses: [9, named(wrapped(1, response))],
    schemes: [10, each(string)],
    deprecated: [11, boolean],
  }),
  13,
);

const pathItem = message(
  () => ({
    get: [2, operation],
    put: [3, operation],
    post: [4, operation],
    delete: [5, operation],
    options: [6, operation],
    head: [7, operation],
    patch: [8, operation],
    parameters: [9, each(parameter)],
  }),
  10,
);

const apiKey = wrapped(
  2,
  message(() => ({ type: [1, string], name: [2, string], in: [3, string] }), 5),
);

const documentFields: Message = {
  swagger: [1, string],
  info: [2, message(() => ({ title: [1, string], version: [2, string], description: [3, string] }), 7)],
  paths: [8, named(pathItem, 2)],
  definitions: [9, named(schema)],
  security: [12, each(named(wrapped(1, each(string))))],
  securityDefinitions: [13, named(apiKey)],
};

/**
 * A document of OpenAPI v2 as the message `openapi.v2.Document` of gnostic, which client-go's discovery reads: what
 * Kubernetes' documents hold of it, with every extension. Source: `OpenAPIv2.proto` of github.com/google/gnostic.
 */
export function openApiV2Protobuf(document: Json): Buffer {
  const writer = new Writer();
  writeMessage(writer, documentFields, document, 16);
  return writer.finish();
}
