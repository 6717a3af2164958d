import type { Schema, SchemaCatalogue } from '../types.ts';

/** A schema compiled for decoding: references followed once, fields looked up without touching prototypes. */
export type Shape =
  | { type: 'object'; goType: string; fields: ReadonlyMap<string, Field> }
  | { type: 'map'; goType: string; values: Shape }
  | { type: 'list'; goType: string; items: Shape }
  | {
      type:
        | 'string'
        | 'bytes'
        | 'time'
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
  required: boolean;
  /** Go writes the field's zero value not at all: absent and zero are one thing. */
  zeroIsAbsent: boolean;
}

/** Strings that are pointers in Kubernetes' types: empty says something else than absent. */
const meaningfulWhenEmpty = new Set([
  'storageClassName',
  'volumeAttributesClassName',
  'ingressClassName',
  'runtimeClassName',
  'holderIdentity',
  'loadBalancerClass',
]);

/** Booleans and numbers that are plain values in Kubernetes' types: false and 0 are not written. */
const zeroWhenAbsent = new Set([
  'stdin',
  'stdinOnce',
  'tty',
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'readOnly',
  'paused',
  'publishNotReadyAddresses',
  'unschedulable',
  'hostPort',
  'nodePort',
  'healthCheckNodePort',
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
  'minReadySeconds',
  'observedGeneration',
  'generation',
]);

/** Numbers of a status that are pointers in Kubernetes' types. */
const statusPointers = new Set(['collisionCount', 'ready', 'terminating', 'terminatingReplicas', 'exitCode']);

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
      return keep(name, { type: 'object', goType: goName(name), fields: new Map() });
    }
    if (schema.properties === undefined) return keep(name, compile(schema));
    const fields = new Map<string, Field>();
    const shape = keep(name, { type: 'object', goType: goName(name), fields });
    fill(fields, schema, name.endsWith('Status'));
    return shape;
  }

  function keep(name: string, shape: Shape): Shape {
    compiled.set(name, shape);
    return shape;
  }

  function fill(fields: Map<string, Field>, schema: Schema, inStatus: boolean): void {
    for (const [field, of] of Object.entries(schema.properties ?? {})) {
      const required = schema.required?.includes(field) ?? false;
      const shape = compile(of);
      fields.set(field, { shape, required, zeroIsAbsent: !required && zeroIsAbsent(field, shape, inStatus) });
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
          fill(fields, schema, false);
          return { type: 'object', goType: 'struct', fields };
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
        if (schema.format?.startsWith('date-time')) return { type: 'time', goType: 'v1.Time' };
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

function zeroIsAbsent(field: string, shape: Shape, inStatus: boolean): boolean {
  switch (shape.type) {
    case 'list':
    case 'map':
      return true;
    case 'string':
      return !meaningfulWhenEmpty.has(field);
    case 'boolean':
      return zeroWhenAbsent.has(field);
    case 'int32':
    case 'int64':
      return zeroWhenAbsent.has(field) || (inStatus && !statusPointers.has(field));
    default:
      return false;
  }
}

/** `v1.DeploymentSpec` of `io.k8s.api.apps.v1.DeploymentSpec`. */
function goName(definition: string): string {
  return definition.split('.').slice(-2).join('.');
}
