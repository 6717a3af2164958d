/**
 * The types that need no parameter. `error` is the type of an expression that did not check. `any` is protobuf's `Any`: like `dyn`, but no
 * macro goes through it.
 */
export type SimpleKind =
  | 'dyn'
  | 'any'
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'timestamp'
  | 'duration'
  | 'error';

/**
 * A type of the Common Expression Language, as declared for a variable or inferred for an expression.
 * `maxElements` and `minSerializedSize` bound the value (characters, bytes, items, entries) where a schema says so;
 * only the static cost estimate reads them.
 */
export type CelType = SimpleType | ListType | MapType | ObjectType | TypeOfType | OpaqueType | TypeParameter;

export interface SimpleType {
  readonly kind: SimpleKind;
  readonly maxElements?: number;
  readonly minSerializedSize?: number;
}

export interface ListType {
  readonly kind: 'list';
  readonly element: CelType;
  readonly maxElements?: number;
  /** `x-kubernetes-list-type`: sets and maps compare and add by member or key, not by position. */
  readonly listType?: 'set' | 'map';
  /** The fields (unescaped) that make a member of a list of type `map` unique. */
  readonly mapKeys?: readonly string[];
}

export interface MapType {
  readonly kind: 'map';
  readonly key: CelType;
  readonly value: CelType;
  readonly maxElements?: number;
}

/** An object with declared fields; any other field is an error when the expression is compiled. */
export interface ObjectType {
  readonly kind: 'object';
  /** Two object types are the same type when their names are. */
  readonly name: string;
  /** The fields' types by their escaped names (`__namespace__`). */
  readonly fields: ReadonlyMap<string, ObjectField>;
  readonly minSerializedSize?: number;
}

export interface ObjectField {
  /** The name in the data, which is not escaped. */
  readonly property: string;
  readonly type: CelType;
}

/** The type of a type: what `type(x)` answers. */
export interface TypeOfType {
  readonly kind: 'type';
  readonly of: CelType;
}

/** A type known by its functions only: `optional_type(int)`, `kubernetes.Quantity`, `kubernetes.URL`. */
export interface OpaqueType {
  readonly kind: 'opaque';
  readonly name: string;
  readonly parameters: readonly CelType[];
}

/** A type to be inferred, in the declaration of a function. */
export interface TypeParameter {
  readonly kind: 'param';
  readonly name: string;
}

export const dyn: SimpleType = { kind: 'dyn' };
export const any: SimpleType = { kind: 'any' };
export const bool: SimpleType = { kind: 'bool' };
export const int: SimpleType = { kind: 'int' };
export const uint: SimpleType = { kind: 'uint' };
export const double: SimpleType = { kind: 'double' };
export const string: SimpleType = { kind: 'string' };
export const bytes: SimpleType = { kind: 'bytes' };
export const nullType: SimpleType = { kind: 'null' };
export const timestamp: SimpleType = { kind: 'timestamp' };
export const duration: SimpleType = { kind: 'duration' };
export const errorType: SimpleType = { kind: 'error' };

export function list(element: CelType): ListType {
  return { kind: 'list', element };
}

export function map(key: CelType, value: CelType): MapType {
  return { kind: 'map', key, value };
}

export function optional(value: CelType): OpaqueType {
  return { kind: 'opaque', name: 'optional_type', parameters: [value] };
}

export function opaque(name: string, parameters: readonly CelType[] = []): OpaqueType {
  return { kind: 'opaque', name, parameters };
}

export function typeOf(of: CelType): TypeOfType {
  return { kind: 'type', of };
}

/**
 * An object type made by hand (`request` of an admission policy, `variables`): fields by their names in the data.
 * Names that are no CEL identifiers are left out; `celTypeOfSchema` escapes.
 */
export function object(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  const declared = Object.entries(fields).map(([property, type]) => [property, { property, type }] as const);
  return { kind: 'object', name, fields: new Map(declared) };
}

const printed: Partial<Record<SimpleKind, string>> = {
  timestamp: 'timestamp',
  duration: 'duration',
  null: 'null',
  error: '!error!',
};

/** The type as error messages print it: `list(int)`, `map(string, dyn)`, `optional_type(string)`. */
export function printType(type: CelType): string {
  switch (type.kind) {
    case 'list':
      return `list(${printType(type.element)})`;
    case 'map':
      return `map(${printType(type.key)}, ${printType(type.value)})`;
    case 'object':
      return type.name;
    case 'type':
      return type.of.kind === 'dyn' ? 'type' : `type(${printType(type.of)})`;
    case 'opaque':
      return type.parameters.length === 0 ? type.name : `${type.name}(${type.parameters.map(printType).join(', ')})`;
    case 'param':
      return type.name;
    default:
      return printed[type.kind] ?? type.kind;
  }
}
