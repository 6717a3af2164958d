import { randomUUID } from 'node:crypto';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { type AdmissionRequest, settle } from '../admission/admission.ts';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { toStorage, viewOf } from '../conversion/conversion.ts';
import { alreadyExists, badRequest, invalid } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { owned } from '../schema/ownership.ts';
import { complete, prepare, redefault, validate } from '../schema/steps.ts';
import { objectKey } from '../storage/keys.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';
import { bodyObject } from './decode.ts';
import { generateName } from './names.ts';
import { timestamp } from './time.ts';

const nameAttempts = 8;

/** `given`: the object carries the record of who owns its fields already. */
export interface Ownership {
  ownership?: 'given';
}

/** Makes a new object from the body. */
export async function create(machinery: Machinery, call: Call): Promise<Answer> {
  const object = bodyObject(call);
  if (object.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
  return { type: 'object', object: await createObject(machinery, call, object), created: true };
}

/** Creates `object` as `call` asks (namespace, dry run, who); generates the name when only `generateName` is given. */
export async function createObject(
  machinery: Machinery,
  call: Call,
  object: KubeObject,
  options: Ownership = {},
): Promise<StoredObject> {
  const { generateName: base } = object.metadata;
  if (object.metadata.name || !base) return await attempt(machinery, call, object, options);
  for (let tries = 1; ; tries++) {
    const named = structuredClone(object);
    named.metadata.name = generateName(base);
    try {
      return await attempt(machinery, call, named, options);
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists')) throw error;
      if (tries < nameAttempts) continue;
      const details = { ...error.details, retryAfterSeconds: 1 };
      throw new BerthError('AlreadyExists', `${error.message}: the server was not able to generate a unique name`, {
        details,
      });
    }
  }
}

async function attempt(
  machinery: Machinery,
  call: Call,
  object: KubeObject,
  { ownership }: Ownership,
): Promise<StoredObject> {
  const { storage, admission } = machinery;
  const { description, prefix } = call.kind;
  if (!object.metadata.name) {
    const message = 'Required value: name or generateName is required';
    throw invalid(description, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
  }
  stamp(machinery, call, object);
  const key = objectKey(prefix, call.namespace, object.metadata.name);
  const request: AdmissionRequest = {
    operation: 'CREATE',
    call,
    subresource: '',
    name: object.metadata.name,
    namespace: call.namespace,
    object: prepare(call, complete(call, object)),
    old: undefined,
    dryRun: isDryRun(call),
    settled: [],
  };
  let kept = false;
  try {
    await admission.admit(request);
    request.object = redefault(call, request.object);
    validate(call, request.object, undefined);
    await admission.check(request);
    if (ownership !== 'given') request.object = owned(call, undefined, request.object, machinery.now());
    if (request.dryRun) {
      await storage.caughtUp();
      if (storage.get(key)) throw alreadyExists(description, object.metadata.name);
      return encodeObject(key, request.object, 0);
    }
    const keeping = await toStorage(call.kind, request.object);
    let stored: StoredObject | undefined;
    await storage.commit([
      {
        type: 'put',
        key,
        expected: 0,
        value: (revision) => {
          stored = encodeObject(key, keeping, revision);
          return stored.bytes;
        },
      },
    ]);
    kept = true;
    return await viewOf(call.kind, stored ?? (storage.get(key) as StoredObject));
  } catch (error) {
    if (isBerthError(error, 'Conflict') && error.details?.name === key)
      throw alreadyExists(description, object.metadata.name);
    throw error;
  } finally {
    settle(request, kept);
  }
}

/** The fields that only the server sets. */
function stamp(machinery: Machinery, call: Call, object: KubeObject): void {
  const { metadata } = object;
  if (call.kind.description.hasStatus) delete object.status;
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete (metadata as unknown as Record<string, unknown>).selfLink;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(machinery.now());
  if (hasGeneration(call, object)) metadata.generation = 1;
  else delete metadata.generation;
}

/** Built-in kinds without a specification have no generation. */
export function hasGeneration({ kind }: Call, object: KubeObject): boolean {
  return kind.isCustom || (object.spec !== undefined && !withoutGeneration.has(object.kind));
}

const withoutGeneration = new Set([
  'CertificateSigningRequest',
  'HorizontalPodAutoscaler',
  'Lease',
  'LimitRange',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'Service',
]);
