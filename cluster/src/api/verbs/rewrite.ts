import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@berth/kube/objects';
import { sameButTimes } from '@berth/kube/patch';
import { copyData } from '@berth/kube/schema';
import type { Revision } from '../../store/index.ts';
import { type AdmissionRequest, settle } from '../admission/admission.ts';
import { type Call, isDryRun, subresourceName } from '../call.ts';
import { toStorage, viewOf } from '../conversion/conversion.ts';
import { conflict } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { owned } from '../schema/ownership.ts';
import { complete, redefault, validate } from '../schema/steps.ts';
import { checkBytes, checkSize } from '../storage/size.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';
import { partOf } from '../subresources/parts.ts';
import { commitIn, contend, isLost } from './contend.ts';
import { hasGeneration, type Ownership } from './create.ts';
import type { Turn } from './turns.ts';

/** Makes the next state from the present one, which it must not change. May be called several times. */
export type Revise = (current: KubeObject) => KubeObject | Promise<KubeObject>;

/**
 * Replaces an object by what `revise` makes of it, through admission and validation. When somebody else was faster it
 * starts over, unless the new state names the version that it was made from.
 */
export async function rewrite(
  machinery: Machinery,
  call: Call,
  revise: Revise,
  options: Ownership = {},
): Promise<StoredObject> {
  const { description } = call.kind;
  return await contend(machinery, call, async (current, turn) => {
    const view = await viewOf(call.kind, current);
    const proposed = await revise(view.object);
    if (proposed === view.object) return view;
    const { uid, resourceVersion } = proposed.metadata;
    if (isVersion(resourceVersion) && resourceVersion !== String(current.revision))
      throw conflict(description, call.name);
    // Of a replacement it is a condition; a patch that writes another one is told that nobody may.
    if (uid && uid !== current.object.metadata.uid && call.patchType === undefined) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.object.metadata.uid}`;
      throw conflict(description, call.name, why);
    }
    try {
      return await replace(machinery, call, { current, view, turn }, proposed, options);
    } catch (error) {
      if (isVersion(resourceVersion) && isLost(error, current.key)) throw conflict(description, call.name);
      throw error;
    }
  });
}

/** Whether an update names what it replaces: 0 is whatever there is. */
export function isVersion(resourceVersion: string | undefined): boolean {
  return (resourceVersion ?? '') !== '' && resourceVersion !== '0';
}

async function replace(
  machinery: Machinery,
  call: Call,
  { current, view, turn }: { current: StoredObject; view: StoredObject; turn: Turn },
  revised: KubeObject,
  { ownership }: Ownership,
): Promise<StoredObject> {
  const { storage, admission } = machinery;
  const size = current.bytes.length;
  const proposed = await recorded(machinery, call, revised, {
    current: view.object,
    size,
    isGiven: ownership === 'given',
  });
  checkSize(proposed, size);
  const request: AdmissionRequest = {
    operation: 'UPDATE',
    call,
    subresource: subresourceName(call),
    name: call.name,
    namespace: call.namespace,
    object: keepServerFields(call, proposed, view.object),
    old: view.object,
    sent: proposed,
    dryRun: isDryRun(call),
    settled: [],
  };
  let kept = false;
  try {
    await admission.admit(request);
    if (request.isChanged) request.object = complete(call, keepServerFields(call, request.object, view.object));
    request.object = redefault(call, request.object);
    await admission.derive(request);
    const next = request.object;
    validate(call, next, view.object);
    await admission.check(request);
    const isKept = sameButTimes(next, view.object) && !(await isOutdated(call, current, view));
    if (isKept && !(await storage.isStale(current))) return view;
    setGeneration(call, next, view.object);
    if (request.dryRun) return encodeObject(current.key, next, current.revision);
    const keeping = await toStorage(call.kind, next);
    const stored = await (isFinished(next) ? remove : put)(storage, turn, current, keeping);
    kept = true;
    return await viewOf(call.kind, stored);
  } finally {
    settle(request, kept);
  }
}

/** Whether an object that is to stay as it is was kept in a version that nothing is kept in any more. */
async function isOutdated({ kind }: Call, current: StoredObject, view: StoredObject): Promise<boolean> {
  if (!kind.conversion) return false;
  return (await toStorage(kind, view.object)).apiVersion !== current.object.apiVersion;
}

async function put(
  storage: Machinery['storage'],
  turn: Turn,
  { key, revision: expected, bytes: before }: StoredObject,
  next: KubeObject,
): Promise<StoredObject> {
  let stored: StoredObject | undefined;
  const value = (revision: Revision) => {
    const encoded = encodeObject(key, next, revision);
    checkBytes(encoded.bytes.length, before.length);
    stored = encoded;
    return encoded.bytes;
  };
  const kept = commitIn(turn, storage, { type: 'put', key, expected, value });
  if (stored) turn.pass(stored, kept);
  await kept;
  return stored as unknown as StoredObject;
}

/** The last write to an object whose deletion waited for nothing but this: it goes, and its last state is answered. */
async function remove(
  storage: Machinery['storage'],
  turn: Turn,
  { key, revision: expected }: StoredObject,
  next: KubeObject,
): Promise<StoredObject> {
  const revision = await commitIn(turn, storage, { type: 'delete', key, expected });
  return encodeObject(key, next, revision);
}

/** Whether nothing holds an object any more that is being deleted. */
export function isFinished(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0 || (deletionGracePeriodSeconds ?? 0) > 0) return false;
  const own =
    object.kind === 'Namespace' ? (object.spec as { finalizers?: string[] } | undefined)?.finalizers : undefined;
  return (own?.length ?? 0) === 0;
}

/**
 * The whole new state as its writer has it, with who owns what: that is settled before anything is put back that the
 * write may not change, and before admission adds what nobody wrote.
 */
async function recorded(
  machinery: Machinery,
  call: Call,
  revised: KubeObject,
  { current, size, isGiven }: { current: KubeObject; size: number; isGiven: boolean },
): Promise<KubeObject> {
  const completed = complete(call, revised);
  // Before it is compared field by field.
  checkSize(completed, size);
  // What comes in as another kind (a binding) is no configuration of the object.
  if (isGiven || call.subresource?.kind !== undefined) return completed;
  const { managedFields } = revised.metadata;
  // An empty list says something else here than none, and decoding drops it.
  return await owned(machinery, call, current, withManagedFields(completed, managedFields));
}

/** What a write may not change: identity always, and all but the part that the request is for. */
function keepServerFields(call: Call, proposed: KubeObject, current: KubeObject): KubeObject {
  const metadata = { ...proposed.metadata } as unknown as Record<string, unknown>;
  const kept = current.metadata as unknown as Record<string, unknown>;
  for (const field of serverFields) {
    if (refused.has(field) && metadata[field] && metadata[field] !== kept[field]) continue;
    if (kept[field] === undefined) delete metadata[field];
    else metadata[field] = kept[field];
  }
  const identified: KubeObject = { ...proposed, metadata: metadata as unknown as KubeObject['metadata'] };
  // A copy, since admission may change what it gets.
  const taken = copyData(partOf(call.kind, subresourceName(call)).take(identified, current));
  return call.kind.schema.prepareForUpdate?.(taken, current) ?? taken;
}

/** Another value than the present one is not passed over, but refused by validation. */
const refused: ReadonlySet<string> = new Set(['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds']);

const serverFields = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
] as const;

function withManagedFields(object: KubeObject, managedFields: KubeObject['metadata']['managedFields']): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields === undefined ? metadata : { ...metadata, managedFields } };
}

/** The generation moves with everything but metadata and status; that a pod is given a node changes nothing that was asked for. */
function setGeneration(call: Call, next: KubeObject, current: KubeObject): void {
  if (!hasGeneration(call) || subresourceName(call) === 'binding') return;
  if (isDeepStrictEqual(specified(call, next), specified(call, current))) return;
  next.metadata = { ...next.metadata, generation: (current.metadata.generation ?? 0) + 1 };
}

function specified({ kind }: Call, object: KubeObject): object {
  const { metadata: _, ...rest } = object;
  // The status of a custom kind that has no status subresource is a field like any other.
  if (!kind.isCustom || kind.description.hasStatus) delete rest.status;
  return rest;
}
