import { builtInCatalogue } from '../catalogue.ts';
import type { Fields } from '../fields.ts';
import type { Schema } from '../types.ts';
import type { Problems } from './problems.ts';

/** Strings that must be given and may be empty. */
const mayBeEmpty = new Set([
  'HTTPHeader.value',
  'Sysctl.value',
  'RoleRef.apiGroup',
  // Told of elsewhere, at another path.
  'DownwardAPIVolumeFile.path',
  'HTTPHeader.name',
  'KeyToPath.key',
  'ObjectFieldSelector.fieldPath',
  'ServiceAccountTokenProjection.path',
  'LocalObjectReference.name',
  'ForZone.name',
  'ForNode.name',
  'TokenRequest.audience',
  'CSIStorageCapacity.storageClassName',
  'ResourceClaim.name',
]);

/** Types whose own rules say all that the schema could, here or at another path. */
const judged = new Set([
  'DaemonSetUpdateStrategy',
  'DeploymentStrategy',
  'LabelSelectorRequirement',
  'ParentReference',
  'ScopedResourceSelectorRequirement',
  'StatefulSetUpdateStrategy',
  'Taint',
  // Whole specifications.
  'CertificateSigningRequestSpec',
  'DeviceClassSpec',
  'IPAddressSpec',
  'FlowSchemaSpec',
  'PersistentVolumeClaimSpec',
  'PriorityLevelConfigurationSpec',
  'ResourceQuotaSpec',
  'ResourceSliceSpec',
]);

const shortName = (definition: string) => definition.slice(definition.lastIndexOf('.') + 1);

/** Enumerations whose own validation says more, or that list what only other versions know. */
const checkedElsewhere = new Set(['restartPolicy', 'protocol', 'mountPropagation', 'reclaimPolicy']);

/**
 * What the schema alone can tell, for every kind: required strings and enumerated values. `metadata` has its own rules
 * and `status` is written by those who know.
 */
export function validateStructure(definition: string, object: Fields, problems: Problems): void {
  const catalogue = builtInCatalogue();
  const schema = catalogue.definition(definition);
  if (schema === undefined) return;
  for (const [field, of] of Object.entries(schema.properties ?? {})) {
    if (field === 'metadata' || field === 'status' || field === 'apiVersion' || field === 'kind') continue;
    walkField(of, field, object[field], definition, schema, field);
  }

  function walkField(
    of: Schema,
    field: string,
    value: unknown,
    owner: string,
    ownerSchema: Schema,
    path: string,
  ): void {
    const required = ownerSchema.required?.includes(field) ?? false;
    if (value === undefined || value === null || value === '') {
      const target = catalogue.resolve(of);
      if (!required) {
        // An empty text that decoding kept is one that was given.
        if (value === '' && target.enum !== undefined) walk(of, value, path, owner, field);
        return;
      }
      const ownerKind = shortName(owner);
      if (
        target.type === 'string' &&
        !target['x-kubernetes-int-or-string'] &&
        !mayBeEmpty.has(`${ownerKind}.${field}`)
      ) {
        if (!problems.has(path)) problems.required(path);
      } else if (target.properties !== undefined) {
        walk(of, {}, path, owner);
      }
      return;
    }
    walk(of, value, path, owner, field);
  }

  function walk(of: Schema, value: unknown, path: string, owner: string, field = ''): void {
    const name = of.$ref ?? owner;
    if (of.$ref !== undefined && judged.has(shortName(of.$ref))) return;
    const target = catalogue.resolve(of);
    if (Array.isArray(value)) {
      const items = target.items;
      if (items !== undefined)
        value.forEach((item, index) => {
          walk(items, item, `${path}[${index}]`, name);
        });
    } else if (typeof value === 'object' && value !== null) {
      const fields = value as Fields;
      if (target.properties !== undefined) {
        const embedded = target.properties.metadata !== undefined;
        const missing = target.required?.filter((below) => !Object.hasOwn(fields, below)) ?? [];
        for (const below of [...Object.keys(fields), ...missing]) {
          const belowSchema = Object.hasOwn(target.properties, below) ? target.properties[below] : undefined;
          if (belowSchema === undefined || (embedded && (below === 'metadata' || below === 'status'))) continue;
          const item = Object.hasOwn(fields, below) ? fields[below] : undefined;
          walkField(belowSchema, below, item, name, target, `${path}.${below}`);
        }
      } else if (typeof target.additionalProperties === 'object') {
        for (const [key, item] of Object.entries(fields))
          walk(target.additionalProperties, item, `${path}[${key}]`, name);
      }
    } else if (
      target.enum !== undefined &&
      !checkedElsewhere.has(field) &&
      !target.enum.includes(value) &&
      !problems.has(path) &&
      !problems.has(path.replace(/\[\d+\]$/, ''))
    ) {
      problems.unsupported(path, value, target.enum.map(String));
    }
  }
}
