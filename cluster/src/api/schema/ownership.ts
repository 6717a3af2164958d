import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { applyConfiguration, type FieldManager, type TypedBy, trackUpdate } from '@berth/kube/patch';
import { absentValue, builtInCatalogue, decodeDefinition, invalidError } from '@berth/kube/schema';
import { type Call, isTrue, subresourceName } from '../call.ts';
import type { KindRegistry, ServedKind } from '../kinds.ts';
import { partOf } from '../subresources/parts.ts';
import { timestamp } from '../verbs/time.ts';

/** What it takes to record a write: when it is, and which other versions of the kind there are. */
export interface Recording {
  now(): Date;
  kinds: KindRegistry;
}

/** Server-side apply: `live` (if any) with the call's configuration laid over it, still to be decoded. */
export function applied(
  recording: Recording,
  call: Call,
  live: KubeObject | undefined,
  config: KubeObject,
): KubeObject {
  const manager = call.options.get('fieldManager');
  if (!manager) {
    const message = 'Required value: is required for apply patch';
    throw invalidError({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { reason: 'FieldValueRequired', message, field: 'fieldManager' },
    ]);
  }
  const force = isTrue(call.options.get('force') ?? 'false');
  return applyConfiguration(typedBy(call.kind), live, config, { ...managerOf(recording, call, manager), force });
}

/**
 * The object with the record of who owns its fields. Kept for everyone who writes from outside, and for objects that
 * have such a record; other writes within our own process leave it out, since no one applies what controllers made.
 */
export function owned(recording: Recording, call: Call, live: KubeObject | undefined, next: KubeObject): KubeObject {
  const program = call.userAgent === undefined ? undefined : programIn(call.userAgent);
  const named = call.options.get('fieldManager') || program;
  if (named === undefined && live?.metadata.managedFields === undefined) {
    if (next.metadata.managedFields === undefined) return next;
    const { managedFields: _, ...metadata } = next.metadata;
    return { ...next, metadata };
  }
  return trackUpdate(typedBy(call.kind), live, next, managerOf(recording, call, named ?? call.user.name));
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

function managerOf({ now, kinds }: Recording, call: Call, manager: string): FieldManager {
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
    convert: (object, apiVersion) => inVersion(kinds, call.kind, object, apiVersion),
  };
}

/** The object, in whichever version it is, in another one that is served. */
function inVersion(kinds: KindRegistry, writing: ServedKind, object: KubeObject, apiVersion: string) {
  const { resource } = writing.description;
  const to = servedIn(kinds, resource, apiVersion);
  const from = servedIn(kinds, resource, object.apiVersion) ?? writing;
  if (to === undefined || to.prefix !== from.prefix) return undefined;
  // A webhook cannot be waited for here: the versions of a custom kind are taken to name the same fields.
  const renamed = { ...object, apiVersion };
  if (writing.isCustom) return { object: renamed, typed: typedBy(to) };
  const stored = from.conversion ? from.conversion.toStorage(object) : object;
  if (stored instanceof Promise) return undefined;
  const views = to.conversion ? to.conversion.fromStorage([stored]) : [stored];
  return { object: (views instanceof Promise ? undefined : views[0]) ?? renamed, typed: typedBy(to) };
}

function servedIn(kinds: KindRegistry, resource: string, apiVersion: string): ServedKind | undefined {
  const slash = apiVersion.indexOf('/');
  return kinds.get(apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1), resource);
}

const typed = new WeakMap<ServedKind['schema'], TypedBy>();

function typedBy({ schema, isCustom }: ServedKind): TypedBy {
  const known = typed.get(schema);
  if (known !== undefined) return known;
  const { definition, catalogue } = schema;
  const found: TypedBy = isCustom
    ? { schema: definition, catalogue }
    : { schema: definition, catalogue, absent: absentValue, empty: schema.decode({}, { mode: 'Ignore' }).object };
  typed.set(schema, found);
  return found;
}
