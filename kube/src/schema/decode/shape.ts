import type { Schema, SchemaCatalogue } from '../types.ts';
import { type Presence, presenceOf } from './presence.ts';

/** A schema compiled for decoding: references followed once, fields looked up without touching prototypes. */
export type Shape =
  | {
      type: 'object';
      goType: string;
      fields: ReadonlyMap<string, Field>;
      /** Those that are written although they are absent. */
      written: ReadonlyMap<string, Field>;
    }
  | { type: 'map'; goType: string; values: Shape }
  | { type: 'list'; goType: string; items: Shape }
  | {
      type:
        | 'string'
        | 'bytes'
        | 'time'
        | 'micro-time'
        | 'quantity'
        | 'boolean'
        | 'double'
        | 'int32'
        | 'int64'
        | 'int-or-string'
        | 'any';
      goType: string;
    }
  | { type: 'any-object'; goType: string };

export interface Field {
  shape: Shape;
  presence: Presence;
}

/** Compiles definitions on demand; recursive ones refer to themselves. */
export function shapesOf(catalogue: SchemaCatalogue): (definition: string) => Shape | undefined {
  const compiled = new Map<string, Shape>();
  return function shape(name: string): Shape | undefined {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const schema = catalogue.definition(name);
    return schema === undefined ? undefined : define(name, schema);
  };

  function define(name: string, schema: Schema): Shape {
    if (
      schema.properties === undefined &&
      schema.type === 'object' &&
      !schema['x-kubernetes-preserve-unknown-fields']
    ) {
      return keep(name, { type: 'object', goType: goName(name), fields: new Map(), written: new Map() });
    }
    if (schema.properties === undefined) return keep(name, compile(schema));
    const fields = new Map<string, Field>();
    const written = new Map<string, Field>();
    const shape = keep(name, { type: 'object', goType: goName(name), fields, written });
    fill(fields, schema, name);
    for (const [field, facts] of fields) if (isWritten(facts.presence)) written.set(field, facts);
    return shape;
  }

  function keep(name: string, shape: Shape): Shape {
    compiled.set(name, shape);
    return shape;
  }

  function fill(fields: Map<string, Field>, schema: Schema, name: string): void {
    for (const [field, of] of Object.entries(schema.properties ?? {})) {
      const required = schema.required?.includes(field) ?? false;
      fields.set(field, { shape: compile(of), presence: presenceOf(name, field, catalogue.resolve(of), required) });
    }
  }

  function compile(schema: Schema): Shape {
    if (schema.$ref !== undefined) {
      const known = compiled.get(schema.$ref);
      return known ?? define(schema.$ref, catalogue.resolve(schema));
    }
    if (schema['x-kubernetes-int-or-string']) return { type: 'int-or-string', goType: 'int32' };
    switch (schema.type) {
      case 'array': {
        const items = compile(schema.items ?? {});
        return { type: 'list', goType: `[]${items.goType}`, items };
      }
      case 'object': {
        if (schema.properties !== undefined) {
          const fields = new Map<string, Field>();
          fill(fields, schema, '');
          return { type: 'object', goType: 'struct', fields, written: new Map() };
        }
        if (typeof schema.additionalProperties === 'object') {
          const values = compile(schema.additionalProperties);
          return { type: 'map', goType: `map[string]${values.goType}`, values };
        }
        return { type: 'any-object', goType: 'map[string]interface {}' };
      }
      case 'string':
        if (schema.format === 'quantity') return { type: 'quantity', goType: 'resource.Quantity' };
        if (schema.format === 'byte') return { type: 'bytes', goType: '[]uint8' };
        if (schema.format === 'date-time') return { type: 'time', goType: 'string' };
        if (schema.format === 'date-time-micro') return { type: 'micro-time', goType: 'string' };
        return { type: 'string', goType: 'string' };
      case 'boolean':
        return { type: 'boolean', goType: 'bool' };
      case 'number':
        return { type: 'double', goType: 'float64' };
      case 'integer':
        return schema.format === 'int32' ? { type: 'int32', goType: 'int32' } : { type: 'int64', goType: 'int64' };
      default:
        return { type: 'any', goType: 'interface {}' };
    }
  }
}

function isWritten(presence: Presence): boolean {
  return presence === 'zero' || presence === 'object';
}

/** `v1.DeploymentSpec` of `io.k8s.api.apps.v1.DeploymentSpec`. */
function goName(definition: string): string {
  return definition.split('.').slice(-2).join('.');
}
