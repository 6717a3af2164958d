import type { ErrorCause } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import type { KindDescription, Schema } from '../types.ts';
import { validateMetadata } from '../validate/metadata.ts';
import { dns1035Label } from '../validate/names.ts';
import { Problems } from '../validate/problems.ts';
import { child, entry, invalid, required } from './causes.ts';
import { type Data, isData, own } from './data.ts';

/** What is wrong with the type and metadata of the resources that an object embeds (`x-kubernetes-embedded-resource`). */
export function checkEmbedded(value: unknown, schema: Schema | undefined, path = ''): ErrorCause[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => checkEmbedded(item, schema.items, entry(path, index)));
  }
  if (!isData(value)) return [];
  const found = schema['x-kubernetes-embedded-resource'] === true ? checkResource(value, path) : [];
  for (const [key, item] of Object.entries(value)) {
    const property = own(schema.properties, key);
    if (property !== undefined) found.push(...checkEmbedded(item, property, child(path, key)));
    else if (typeof schema.additionalProperties === 'object') {
      found.push(...checkEmbedded(item, schema.additionalProperties, entry(path, key)));
    }
  }
  return found;
}

function checkResource(resource: Data, path: string): ErrorCause[] {
  const found: ErrorCause[] = [];
  for (const field of ['apiVersion', 'kind']) {
    const at = child(path, field);
    const value = own(resource, field);
    if (!Object.hasOwn(resource, field)) found.push(required(at));
    else if (typeof value !== 'string') found.push(invalid(at, value, 'must be a string'));
    else if (value === '') found.push(invalid(at, value, 'must not be empty'));
    else found.push(...(field === 'kind' ? checkKind(value, at) : checkVersion(value, at)));
  }
  if (isData(own(resource, 'metadata')))
    found.push(...checkMetadata(resource.metadata as Data, child(path, 'metadata')));
  return found;
}

function checkVersion(value: string, path: string): ErrorCause[] {
  return value.split('/').length <= 2 ? [] : [invalid(path, value, `unexpected GroupVersion string: ${value}`)];
}

function checkKind(value: string, path: string): ErrorCause[] {
  const wrong = dns1035Label(value.toLowerCase());
  if (wrong.length === 0) return [];
  return [invalid(path, value, `may have mixed case, but should otherwise match: ${wrong.join(',')}`)];
}

function checkMetadata(metadata: Data, path: string): ErrorCause[] {
  const problems = new Problems();
  const namespaced = Boolean(metadata.namespace);
  const named = { ...metadata, name: metadata.name || 'fakename' } as unknown as KubeObject['metadata'];
  const kind = { naming: 'path-segment', namespaced, verbs: ['get'], schema: '' } as unknown as KindDescription;
  validateMetadata(kind, { apiVersion: '', kind: '', metadata: named }, problems);
  return problems.causes.map((cause) => ({
    ...cause,
    field: `${path}${(cause.field ?? '').slice('metadata'.length)}`,
  }));
}
