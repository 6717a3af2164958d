import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { applyConfiguration, type FieldManager, type TypedBy, trackUpdate } from '@berth/kube/patch';
import { absentValue, builtInCatalogue, decodeDefinition, invalidError } from '@berth/kube/schema';
import { type Call, isTrue, subresourceName } from '../call.ts';
import { partOf } from '../subresources/parts.ts';
import { timestamp } from '../verbs/time.ts';
import { type ConvertNow, type VersionParts, withVersions } from './other-versions.ts';
import { typedBy } from './typed.ts';

/** What it takes to record a write: when it is, and which other versions of the kind there are. */
export interface Recording extends VersionParts {
  now(): Date;
}

/**
 * Server-side apply: `live` (if any) with the call's configuration laid over it, still to be decoded. Rejects with what
 * the conversion says when fields are owned at a version that the object cannot be had in.
 */
export async function applied(
  recording: Recording,
  call: Call,
  live: KubeObject | undefined,
  config: KubeObject,
): Promise<KubeObject> {
  const manager = call.options.get('fieldManager');
  if (!manager) {
    const message = 'Required value: is required for apply patch';
    throw invalidError({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { reason: 'FieldValueRequired', message, field: 'fieldManager' },
    ]);
  }
  const force = isTrue(call.options.get('force') ?? 'false');
  return await withVersions(recording, call, (convert) =>
    applyConfiguration(typedBy(call.kind), live, config, { ...managerOf(recording, call, manager, convert), force }),
  );
}

/**
 * The object with the record of who owns its fields. Kept for everyone who writes from outside, and for objects that
 * have such a record; other writes within our own process leave it out, since no one applies what controllers made.
 */
export async function owned(
  recording: Recording,
  call: Call,
  live: KubeObject | undefined,
  next: KubeObject,
): Promise<KubeObject> {
  const program = call.userAgent === undefined ? undefined : programIn(call.userAgent);
  const named = call.options.get('fieldManager') || program;
  if (named === undefined && live?.metadata.managedFields === undefined) return unowned(next);
  const manager = named ?? call.user.name;
  const tracked = (convert: ConvertNow) =>
    trackUpdate(typedBy(call.kind), live, next, managerOf(recording, call, manager, convert));
  // As in Kubernetes: an update does not depend on a webhook that its record alone needs, and a wrong record is worse than none.
  return await withVersions(recording, call, tracked, () => unowned(next));
}

function unowned(object: KubeObject): KubeObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What a subresource is sent and nothing is kept of, of the definition of that name, with the record of who sent it. */
export function ownedValue(recording: Recording, call: Call, definition: string, value: KubeObject): KubeObject {
  const program = call.userAgent === undefined ? undefined : programIn(call.userAgent);
  const manager = call.options.get('fieldManager') || program;
  if (manager === undefined) return value;
  const catalogue = builtInCatalogue();
  const { object: empty } = decodeDefinition(definition, {}, { mode: 'Ignore' });
  const typed: TypedBy = { schema: catalogue.definition(definition), catalogue, absent: absentValue, empty };
  const { apiVersion } = value;
  return trackUpdate(typed, undefined, value, { ...managerOf(recording, call, manager), apiVersion });
}

/** As long as the name of a field manager may be, in bytes. */
const longestManager = 128;

/** The program that a User-Agent names: what stands before the first `/`, without what cannot be printed. */
function programIn(userAgent: string): string {
  let program = '';
  for (const character of userAgent.split('/', 1)[0] ?? '') {
    if (/[\p{C}\p{Z}]/u.test(character) && character !== ' ') continue;
    if (Buffer.byteLength(program + character) > longestManager) break;
    program += character;
  }
  return program;
}

function managerOf({ now }: Pick<Recording, 'now'>, call: Call, manager: string, convert?: ConvertNow): FieldManager {
  const subresource = subresourceName(call);
  const { ignored, only } = partOf(call.kind, subresource);
  return {
    manager,
    apiVersion: apiVersionOf(call.kind.description),
    // As in Kubernetes, what is scaled is recorded without its time.
    time: subresource === 'scale' ? undefined : timestamp(now()),
    ...(subresource === '' ? {} : { subresource }),
    ...(subresource === 'scale' ? { shownVersion: 'autoscaling/v1' } : {}),
    ...(ignored === undefined ? {} : { ignored }),
    ...(only === undefined ? {} : { only }),
    ...(convert === undefined ? {} : { convert }),
  };
}
