import { BerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import type { Answer, Call, ListAnswerMeta } from '../call.ts';
import type { ServedKind } from '../kinds.ts';
import { type StoredObject, typePrefix } from '../storage/stored-object.ts';
import { includeObjectOf, type Tables } from '../table/table.ts';
import type { Yaml } from '../yaml/yaml.ts';
import type { Representation } from './negotiate.ts';
import type { Reply } from './respond.ts';

const comma = Buffer.from(',');
const brace = Buffer.from('{');

/** The bytes of an answer that is not a stream. */
export async function encodeAnswer(
  tables: Tables,
  yaml: Yaml,
  call: Call,
  answer: Answer,
  representation: Representation,
): Promise<Reply> {
  const json = metaVersion(bytesOf(tables, call, answer, representation), representation);
  call.record?.answered(json);
  const isYaml = representation.format === 'yaml';
  const body = isYaml ? Buffer.from(await yaml.fromJson(wholeOf(json).toString())) : json;
  const type = isYaml ? 'application/yaml' : 'application/json';
  const created = (answer.type === 'object' || answer.type === 'value') && answer.created === true;
  return { code: created ? 201 : 200, body, type, warnings: call.warnings };
}

function bytesOf(tables: Tables, call: Call, answer: Answer, { as }: Representation): Buffer | readonly Buffer[] {
  switch (answer.type) {
    case 'object':
      if (as === 'Table')
        return tableBytes(tables, call, [answer.object], { resourceVersion: String(answer.object.revision) });
      if (as === 'PartialObjectMetadataList') throw notAcceptable(call, as, false);
      if (as === 'PartialObjectMetadata') return Buffer.from(JSON.stringify(partialOf(answer.object)));
      return answer.object.bytes;
    case 'list':
      if (as === 'Table') return tableBytes(tables, call, answer.items, answer.meta);
      if (as === 'PartialObjectMetadata') throw notAcceptable(call, as, true);
      if (as === 'PartialObjectMetadataList') return partialList(answer.items, answer.meta);
      return listParts(answer.kind, answer.items, answer.meta);
    case 'deleted':
      return returnsDeleted.has(answer.object.object.kind) ? answer.object.bytes : deletedStatus(call, answer.object);
    case 'value': {
      const scaling = as === 'Table' && call.subresource?.name === 'scale';
      const { value } = answer;
      return Buffer.from(
        JSON.stringify(scaling ? tables.scale(value as KubeObject, includeObjectOf(call.options)) : value),
      );
    }
    case 'watch':
      throw new Error('a watch is a stream');
  }
}

/** Kubernetes names what it has by the type that it is in memory. */
function notAcceptable({ kind: { description, isCustom } }: Call, as: string, isList: boolean): BerthError {
  const { group, kind, listKind } = description;
  const folder = group === '' || group === 'events.k8s.io' ? 'core' : group.split('.')[0];
  const type = isCustom ? 'unstructured.Unstructured' : `${folder}.${kind}`;
  const is = isList ? `is a list (*${isCustom ? `${type}List` : `${folder}.${listKind}`})` : `is not a list (*${type})`;
  return new BerthError('NotAcceptable', `you requested ${as}, but the requested object ${is}`);
}

const latestMeta = '"apiVersion":"meta.k8s.io/v1"';

/** A table, or metadata alone, in the version asked for. Within a string the quotes would not stand so. */
export function metaVersion<T extends Buffer | readonly Buffer[]>(json: T, { version }: Representation): T | Buffer {
  if (version === undefined) return json;
  return Buffer.from(wholeOf(json).toString().replaceAll(latestMeta, `"apiVersion":"meta.k8s.io/${version}"`));
}

function wholeOf(json: Buffer | readonly Buffer[]): Buffer {
  return Buffer.isBuffer(json) ? json : Buffer.concat(json);
}

/**
 * A list is the row of its objects' bytes: nobody parses, prints or copies them again. Items of built-in kinds do not
 * say their type, which is that of their list.
 */
export function listParts(kind: ServedKind, items: readonly StoredObject[], meta: ListAnswerMeta): readonly Buffer[] {
  const { description } = kind;
  const head = { kind: description.listKind, apiVersion: apiVersionOf(description), metadata: meta };
  const parts: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  const prefix = kind.isCustom ? undefined : typePrefix(apiVersionOf(description), description.kind);
  for (let i = 0; i < items.length; i++) {
    const item = items[i] as StoredObject;
    if (i > 0) parts.push(comma);
    if (prefix === undefined) parts.push(item.bytes);
    else parts.push(brace, item.after(prefix));
  }
  parts.push(Buffer.from(']}'));
  return parts;
}

function tableBytes(tables: Tables, call: Call, items: readonly StoredObject[], meta: ListAnswerMeta): Buffer {
  const rows = items.map((item) => item.object);
  return Buffer.from(JSON.stringify(tables.table(call.kind, rows, meta, includeObjectOf(call.options))));
}

export function partialOf(stored: StoredObject): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: stored.object.metadata };
}

function partialList(items: readonly StoredObject[], metadata: ListAnswerMeta): Buffer {
  const list = {
    kind: 'PartialObjectMetadataList',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    items: items.map(partialOf),
  };
  return Buffer.from(JSON.stringify(list));
}

/** Kinds whose deletion answers the object rather than a status, as kube-apiserver does. */
const returnsDeleted = new Set([
  'Pod',
  'Service',
  'ServiceAccount',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodTemplate',
  'ResourceQuota',
]);

function deletedStatus(call: Call, { object }: StoredObject): Buffer {
  const { group, resource } = call.kind.description;
  const { name, uid } = object.metadata;
  const details = group === '' ? { name, kind: resource, uid } : { name, group, kind: resource, uid };
  return Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }));
}
