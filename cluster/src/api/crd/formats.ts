import type { CustomResourceDefinition, Schema } from '@berth/kube/schema';
import { versionsOf } from './definition.ts';

/** The formats of strings that are checked in Kubernetes 1.35; in others anything passes. Dashes do not count. */
const known = new Set(
  [
    ...['bsonobjectid', 'uri', 'email', 'hostname', 'ipv4', 'ipv6', 'cidr', 'mac'],
    ...['uuid', 'uuid3', 'uuid4', 'uuid5', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'ssn', 'hexcolor', 'rgbcolor'],
    ...['byte', 'password', 'date', 'duration', 'datetime', 'k8s-short-name', 'k8s-long-name'],
  ].map(withoutDashes),
);

/** Warnings of formats that mean nothing here, but for those that `old` has already. */
export function formatWarnings(definition: CustomResourceDefinition, old?: CustomResourceDefinition): string[] {
  const before = new Set(old ? unknownFormats(old) : []);
  const found = unknownFormats(definition).filter((format) => !before.has(format));
  return found.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats(definition: CustomResourceDefinition): string[] {
  const found: string[] = [];
  for (const { schema } of versionsOf(definition)) if (schema?.openAPIV3Schema) collect(schema.openAPIV3Schema, found);
  return found;
}

function collect(schema: Schema, found: string[]): void {
  const {
    format,
    type,
    properties = {},
    items,
    additionalProperties,
    not,
    allOf = [],
    anyOf = [],
    oneOf = [],
  } = schema;
  if (format && type === 'string' && !known.has(withoutDashes(format))) found.push(format);
  for (const one of [...Object.values(properties), ...allOf, ...anyOf, ...oneOf]) collect(one, found);
  for (const one of [items, additionalProperties, not]) if (typeof one === 'object') collect(one, found);
}

function withoutDashes(format: string): string {
  return format.replaceAll('-', '');
}
