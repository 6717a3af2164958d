import type { ResourceRef } from '../objects/index.ts';
import type { SelectableFields } from '../selectors/index.ts';

/**
 * A schema as Kubernetes writes them in OpenAPI v3: the same shape for built-in kinds and for the structural schemas of
 * custom resources, so that one walker serves both. `$ref` names another definition of the same catalogue.
 */
export interface Schema {
  $ref?: string;
  description?: string;
  title?: string;
  externalDocs?: { description?: string; url?: string };
  example?: unknown;
  type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean';
  format?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
  required?: string[];
  enum?: unknown[];
  default?: unknown;
  nullable?: boolean;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  minProperties?: number;
  maxProperties?: number;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-embedded-resource'?: boolean;
  'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic' | 'granular';
  'x-kubernetes-validations'?: ValidationRule[];
  /** `merge`, `replace`, `retainKeys`, or two joined by a comma. */
  'x-kubernetes-patch-strategy'?: string;
  'x-kubernetes-patch-merge-key'?: string;
}

/** A rule of `x-kubernetes-validations`, in the Common Expression Language. Source: KEP-2876. */
export interface ValidationRule {
  rule: string;
  message?: string;
  messageExpression?: string;
  reason?: 'FieldValueInvalid' | 'FieldValueForbidden' | 'FieldValueRequired' | 'FieldValueDuplicate';
  /** JSONPath of the field below the rule's that the failure is said of. */
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

/** Looks definitions up by the name that a `$ref` gives. */
export interface SchemaCatalogue {
  resolve(schema: Schema): Schema;
  definition(name: string): Schema | undefined;
}

/** A table column as `kubectl get` prints it. `value` is computed by `api/table` for built-in kinds. */
export interface Column {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description?: string;
  /** 0 is always printed, 1 only with `-o wide`. */
  priority?: number;
  /** JSONPath, for columns that are plain fields. Others are functions named after the kind in `api/table`. */
  jsonPath?: string;
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** One kind, as data: adding a kind is adding one of these. */
export interface KindDescription extends ResourceRef {
  kind: string;
  listKind: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly Verb[];
  subresources: readonly Subresource[];
  /** Name of the definition in the catalogue. */
  schema: string;
  /** Where the object's specification lives, for `generation`: the fields that are not metadata or status. */
  hasStatus: boolean;
  fieldSelectors: SelectableFields;
  columns: readonly Column[];
  /** A replacement of one that is absent makes it. */
  createdByUpdate?: true;
  /** What everyone is warned of who uses the kind in this version. */
  deprecation?: string;
  /** How long names may be and what they look like. */
  naming: 'dns-subdomain' | 'long-name' | 'dns-label' | 'path-segment' | 'dns1035-label' | 'none';
}

export interface Subresource {
  name: string;
  /** As discovery lists them. */
  verbs: readonly ('get' | 'update' | 'patch' | 'create' | 'delete')[];
  /** The request becomes a connection: `exec`, `attach`, `portforward`, `proxy`. Any of the verbs opens it. */
  connect?: boolean;
  /** What travels in the body, when it is not the parent kind: `autoscaling/v1 Scale`, `policy/v1 Eviction`. */
  kind?: { group: string; version: string; kind: string };
}
