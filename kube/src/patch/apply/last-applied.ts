import type { KubeObject } from '../../objects/index.ts';
import type { Schema } from '../../schema/types.ts';
import { isData } from '../data.ts';
import { faultsOf } from './check.ts';
import { compare } from './compare.ts';
import { FieldSet } from './field-set.ts';
import type { Structures } from './structure.ts';
import { fieldAt, fieldsOf } from './typed.ts';

/** Where client-side apply keeps what it sent. */
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The fields that client-side apply owned by its annotation: those it sent and that are still as it sent them. When
 * `kubectl` goes over to server-side apply, it may take these without conflict. Empty without a readable annotation.
 */
export function allowedByLastApplied(structures: Structures, schema: Schema | undefined, live: KubeObject): FieldSet {
  const text = fieldAt(live, 'metadata', 'annotations', annotation);
  if (typeof text !== 'string' || text === '') return new FieldSet();
  try {
    const last: unknown = JSON.parse(text);
    if (!isData(last) || last.apiVersion !== live.apiVersion) return new FieldSet();
    if (faultsOf(structures, schema, last).length > 0 || faultsOf(structures, schema, live).length > 0) {
      return new FieldSet();
    }
    const { added, modified, removed } = compare(structures, schema, last, live);
    return fieldsOf(structures, schema, last).difference(modified).difference(added).difference(removed);
  } catch {
    return new FieldSet();
  }
}

/** The object with its annotation, where it has one, brought up to date with what was applied. */
export function withLastApplied(object: KubeObject, config: KubeObject): KubeObject {
  const present = fieldAt(object, 'metadata', 'annotations', annotation);
  if (typeof present !== 'string' || present === '') return object;
  const { annotations, ...metadata } = config.metadata as KubeObject['metadata'] & Record<string, unknown>;
  const { [annotation]: _, ...others } = annotations ?? {};
  const kept = annotations === undefined ? {} : { annotations: others };
  const applied = `${goJson({ ...config, metadata: { ...metadata, ...kept } })}\n`;
  return {
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [annotation]: applied } },
  };
}

/** JSON as Go writes it: keys in order, `<`, `>` and `&` escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isData(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
