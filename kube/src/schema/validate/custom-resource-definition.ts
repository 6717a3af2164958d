import type { ErrorCause } from '../../errors/index.ts';
import type { Fields } from '../fields.ts';
import { quoted } from '../quoted.ts';
import { child, duplicate, entry, InOrder, invalid, required, tooMany, unsupported } from '../structural/causes.ts';
import { sameData } from '../structural/data.ts';
import type {
  CustomResourceColumn,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceNames,
} from '../structural/definition.ts';
import { fieldPathIn } from '../structural/field-path.ts';
import type { Schema } from '../types.ts';
import { validateConversion } from './custom-resource-definition-conversion.ts';
import { validateRootSchema } from './custom-resource-definition-schema.ts';
import { dns1035Label, dnsSubdomain } from './names.ts';

/**
 * What is wrong with a CustomResourceDefinition, in Kubernetes' words. What all versions have in common (schema,
 * subresources, columns, selectable fields) is told of the definition: `spec.validation.openAPIV3Schema`, all else of its
 * version: `spec.versions[1].schema.openAPIV3Schema`. Source: `ValidateCustomResourceDefinition` of apiextensions.
 */
export function validateCustomResourceDefinition(object: Fields, before: Fields | undefined): ErrorCause[] {
  const definition = object as unknown as CustomResourceDefinition;
  const old = before as CustomResourceDefinition | undefined;
  const { spec } = definition;
  const causes: ErrorCause[] = [];
  const name = definition.metadata.name ?? '';
  if (old === undefined && name !== '' && name !== `${spec.names?.plural ?? ''}.${spec.group ?? ''}`) {
    causes.push(invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group'));
  }
  causes.push(...checkGroup(spec.group), ...checkScope(spec.scope));
  causes.push(...checkVersions(definition, old));
  causes.push(...checkRequiredNames(spec.names), ...checkNames(spec.names, 'spec.names'));
  if (spec.conversion !== undefined && spec.conversion.strategy !== 'None' && spec.preserveUnknownFields === true) {
    const message = 'must be None if spec.preserveUnknownFields is true';
    causes.push(invalid('spec.conversion.strategy', spec.conversion.strategy, message));
  }
  causes.push(...validateConversion(spec.conversion));
  if (old !== undefined) causes.push(...checkImmutable(definition, old));
  if (definition.status?.acceptedNames !== undefined) {
    causes.push(...checkNames(definition.status.acceptedNames, 'status.acceptedNames'));
  }
  causes.push(...checkStoredVersions(definition), ...checkApproval(definition, old));
  if (spec.preserveUnknownFields === true && old?.spec.preserveUnknownFields !== true) {
    const message =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    causes.push(invalid('spec.preserveUnknownFields', true, message));
  }
  return causes;
}

function checkGroup(group: string | undefined): ErrorCause[] {
  if (!group) return [required('spec.group')];
  const wrong = dnsSubdomain(group);
  if (wrong.length > 0) return [invalid('spec.group', group, wrong.join(','))];
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')];
}

function checkScope(scope: string | undefined): ErrorCause[] {
  if (!scope) return [required('spec.scope')];
  const scopes = ['Cluster', 'Namespaced'];
  return scopes.includes(scope) ? [] : [unsupported('spec.scope', scope, scopes)];
}

function checkVersions(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): ErrorCause[] {
  const versions = definition.spec.versions ?? [];
  const causes: ErrorCause[] = [];
  const shared = (part: keyof CustomResourceDefinitionVersion) =>
    versions.every((version) => sameData(version[part] ?? null, versions[0]?.[part] ?? null));
  const common = {
    schema: shared('schema'),
    subresources: shared('subresources'),
    columns: shared('additionalPrinterColumns'),
    fields: shared('selectableFields'),
  };
  const parts = versions.map((version, index) => {
    const path = entry('spec.versions', index);
    const isFirst = index === 0;
    const before = old?.spec.versions.find(({ name }) => name === version.name);
    return {
      schema: common.schema
        ? isFirst && checkSchema(version, versions, before, 'spec.validation')
        : checkSchema(version, [version], before, child(path, 'schema')),
      subresources: common.subresources
        ? isFirst && checkSubresources(version, 'spec.subresources')
        : checkSubresources(version, child(path, 'subresources')),
      columns: common.columns
        ? isFirst && checkColumns(version, 'spec.additionalPrinterColumns')
        : checkColumns(version, child(path, 'additionalPrinterColumns')),
      fields: common.fields
        ? isFirst && checkFields(version, before, 'spec.selectableFields', common.schema ? undefined : withoutSchema)
        : checkFields(version, before, child(path, 'selectableFields'), common.schema ? withoutOwnSchema : undefined),
    };
  });
  for (const [index, version] of versions.entries()) {
    const path = entry('spec.versions', index);
    if (version.schema?.openAPIV3Schema === undefined) causes.push(required(child(path, 'schema.openAPIV3Schema')));
    const wrong = dns1035Label(version.name ?? '');
    if (wrong.length > 0) {
      const at = index === 0 ? [child(path, 'name'), 'spec.version'] : [child(path, 'name')];
      causes.push(...at.map((each) => invalid(each, version.name ?? '', wrong.join(','))));
    }
    causes.push(...checkDeprecation(version, path));
  }
  for (const part of parts) {
    for (const found of [part.schema, part.subresources, part.columns, part.fields]) if (found) causes.push(...found);
  }
  const shown = versions.map((version) => shownVersion(version, common));
  if (new Set(versions.map(({ name }) => name)).size < versions.length) {
    causes.push(invalid('spec.versions', shown, 'must contain unique version names'));
  }
  if (versions.filter(({ storage }) => storage).length !== 1) {
    causes.push(invalid('spec.versions', shown, 'must have exactly one version marked as storage version'));
  }
  return causes;
}

/** A version as Kubernetes shows it in errors: by the names of its own fields, without what all versions share. */
function shownVersion(version: CustomResourceDefinitionVersion, common: Record<string, boolean>): InOrder {
  return new InOrder({
    Name: version.name,
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: common.schema ? null : (version.schema ?? null),
    Subresources: common.subresources ? null : (version.subresources ?? null),
    AdditionalPrinterColumns: common.columns ? null : (version.additionalPrinterColumns ?? null),
    SelectableFields: common.fields ? null : (version.selectableFields ?? null),
  });
}

function checkSchema(
  version: CustomResourceDefinitionVersion,
  sharedBy: readonly CustomResourceDefinitionVersion[],
  before: CustomResourceDefinitionVersion | undefined,
  path: string,
): ErrorCause[] {
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined) return [];
  return validateRootSchema(schema, child(path, 'openAPIV3Schema'), {
    hasStatus: sharedBy.some(({ subresources }) => subresources?.status !== undefined),
    isUnchanged: before !== undefined && sameData(before.schema, version.schema),
  });
}

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

function checkDeprecation(version: CustomResourceDefinitionVersion, path: string): ErrorCause[] {
  const { deprecated, deprecationWarning: text } = version;
  if (text === undefined) return [];
  const wrong: string[] = [];
  if (deprecated !== true) wrong.push('can only be set for deprecated versions');
  else {
    if (Buffer.byteLength(text) > 256) wrong.push('must be <= 256 characters long');
    if (text === '') wrong.push('must not be an empty string');
    if (!printable.test(text)) {
      const at = [...text].findIndex((character) => !printable.test(character));
      const index = Buffer.byteLength([...text].slice(0, at).join(''));
      wrong.push(`must only contain printable UTF-8 characters; non-printable character found at index ${index}`);
    }
  }
  return wrong.map((message) => invalid(child(path, 'deprecationWarning'), text, message));
}

function checkRequiredNames(names: CustomResourceNames | undefined): ErrorCause[] {
  return (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((name) => !names?.[name])
    .map((name) => required(`spec.names.${name}`));
}

function checkNames(names: CustomResourceNames | undefined, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const check = (at: string, name: string, mixed = false) => {
    const wrong = name === '' ? [] : dns1035Label(mixed ? name.toLowerCase() : name);
    if (wrong.length === 0) return;
    const said = mixed ? 'may have mixed case, but should otherwise match: ' : '';
    causes.push(invalid(child(path, at), name, `${said}${wrong.join(',')}`));
  };
  const { plural = '', singular = '', kind = '', listKind = '', shortNames = [], categories = [] } = names ?? {};
  check('plural', plural);
  check('singular', singular);
  check('kind', kind, true);
  check('listKind', listKind, true);
  for (const [index, name] of shortNames.entries()) check(`shortNames[${index}]`, name);
  if (kind !== '' && kind === listKind) {
    causes.push(invalid(child(path, 'listKind'), listKind, 'kind and listKind may not be the same'));
  }
  for (const [index, name] of categories.entries()) check(`categories[${index}]`, name);
  return causes;
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function checkColumns(version: CustomResourceDefinitionVersion, path: string): ErrorCause[] {
  return (version.additionalPrinterColumns ?? []).flatMap((column, index) => checkColumn(column, entry(path, index)));
}

function checkColumn({ name, type, format, jsonPath }: CustomResourceColumn, path: string): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const types = `must be one of ${columnTypes.join(',')}`;
  if (!name) causes.push(required(child(path, 'name')));
  if (!type) causes.push(required(child(path, 'type'), types));
  else if (!columnTypes.includes(type)) causes.push(invalid(child(path, 'type'), type, types));
  if (format && !columnFormats.includes(format)) {
    causes.push(invalid(child(path, 'format'), format, `must be one of ${columnFormats.join(',')}`));
  }
  if (!jsonPath) causes.push(required(child(path, 'JSONPath')));
  else causes.push(...checkSimplePath(jsonPath, child(path, 'JSONPath')));
  return causes;
}

function checkSimplePath(path: string, at: string): ErrorCause[] {
  return path.startsWith('.') ? [] : [invalid(at, path, 'must be a simple json path starting with .')];
}

function checkSubresources(version: CustomResourceDefinitionVersion, path: string): ErrorCause[] {
  const scale = version.subresources?.scale;
  if (scale === undefined) return [];
  const check = (field: string, value: string | undefined, parts: readonly string[], said: string): ErrorCause[] => {
    const at = child(path, `scale.${field}`);
    if (!value) return field === 'labelSelectorPath' ? [] : [required(at)];
    const simple = checkSimplePath(value, at);
    if (simple.length > 0 || parts.some((part) => value.startsWith(`.${part}.`))) return simple;
    return [invalid(at, value, `should be a json path under ${said}`)];
  };
  return [
    ...check('specReplicasPath', scale.specReplicasPath, ['spec'], '.spec'),
    ...check('statusReplicasPath', scale.statusReplicasPath, ['status'], '.status'),
    ...check('labelSelectorPath', scale.labelSelectorPath, ['spec', 'status'], 'either .spec or .status'),
  ];
}

const mostFields = 8;
/** Fields that all versions have can only be told of a schema that all versions have, and the other way round. */
const withoutSchema = 'may only be set when validations.schema is included';
const withoutOwnSchema = 'may only be set when `version.schema.openAPIV3Schema` is not included';

function checkFields(
  version: CustomResourceDefinitionVersion,
  before: CustomResourceDefinitionVersion | undefined,
  path: string,
  misplaced: string | undefined,
): ErrorCause[] {
  const fields = version.selectableFields ?? [];
  const schema = version.schema?.openAPIV3Schema;
  if (fields.length === 0) return [];
  if (schema === undefined || misplaced !== undefined) return [invalid(path, '', misplaced ?? withoutSchema)];
  const causes: ErrorCause[] = [];
  const seen = new Set<string>();
  for (const [index, { jsonPath }] of fields.entries()) {
    const at = child(entry(path, index), 'jsonPath');
    if (jsonPath) causes.push(...checkField(jsonPath, schema, at, seen));
    else causes.push(required(at));
  }
  const kept = before !== undefined && sameData(before.selectableFields, fields);
  if (seen.size > mostFields && !kept) causes.push(tooMany(path, seen.size, mostFields));
  return causes;
}

function checkField(jsonPath: string, schema: Schema, at: string, seen: Set<string>): ErrorCause[] {
  const found = fieldPathIn(jsonPath, schema, { brackets: false });
  if ('fault' in found) return [invalid(at, jsonPath, `is an invalid path: ${found.fault}`)];
  const causes: ErrorCause[] = [];
  if (/^metadata(\.|\[|$)/.test(found.path)) {
    causes.push(invalid(at, jsonPath, 'must not point to fields in metadata'));
  }
  if (!['string', 'boolean', 'integer'].includes(found.schema.type ?? '')) {
    const message =
      'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
    causes.push(invalid(at, jsonPath, message));
  }
  if (seen.has(found.path)) causes.push(duplicate(at, jsonPath));
  seen.add(found.path);
  return causes;
}

function checkImmutable(definition: CustomResourceDefinition, old: CustomResourceDefinition): ErrorCause[] {
  const causes: ErrorCause[] = [];
  const check = (path: string, now: unknown, before: unknown) => {
    if (now !== before) causes.push(invalid(path, now, 'field is immutable'));
  };
  const { spec } = definition;
  if (old.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) {
    check('spec.scope', spec.scope, old.spec.scope);
    check('spec.names.kind', spec.names?.kind, old.spec.names.kind);
  }
  check('spec.group', spec.group, old.spec.group);
  check('spec.names.plural', spec.names?.plural, old.spec.names.plural);
  return causes;
}

/** A definition that has just come has none yet: the server fills them in before it judges. */
function checkStoredVersions({ spec, status }: CustomResourceDefinition): ErrorCause[] {
  const stored = status?.storedVersions;
  const path = 'status.storedVersions';
  if (stored === undefined) return [];
  if (stored.length === 0) return [invalid(path, stored, 'must have at least one stored version')];
  const versions = spec.versions ?? [];
  const causes = versions
    .filter(({ name, storage }) => storage && !stored.includes(name))
    .map(({ name }) => invalid(path, stored, `must have the storage version ${name}`));
  for (const [index, version] of stored.entries()) {
    if (versions.some(({ name }) => name === version)) continue;
    const message = `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
    causes.push(invalid(entry(path, index), version, message));
  }
  return causes;
}

const approvalAnnotation = 'api-approved.kubernetes.io';
const enhancement = 'see https://github.com/kubernetes/enhancements/pull/1111';

function checkApproval(definition: CustomResourceDefinition, old: CustomResourceDefinition | undefined): ErrorCause[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(definition.spec.group ?? '')) return [];
  const state = approvalOf(definition);
  if (state === 'approved' || (old !== undefined && approvalOf(old) === state)) return [];
  const path = entry('metadata.annotations', approvalAnnotation);
  const needed = `protected groups must have approval annotation ${quoted(approvalAnnotation)}`;
  if (state === 'missing') return [required(path, `${needed}, ${enhancement}`)];
  const value = definition.metadata.annotations?.[approvalAnnotation];
  const reasons = `${needed} with either a URL or a reason starting with "unapproved", ${enhancement}`;
  return [invalid(path, value, reasons)];
}

function approvalOf({ metadata }: CustomResourceDefinition): 'missing' | 'approved' | 'invalid' {
  const value = metadata.annotations?.[approvalAnnotation] ?? '';
  if (value === '') return 'missing';
  return value.startsWith('unapproved') || /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+\S*$/.test(value)
    ? 'approved'
    : 'invalid';
}
