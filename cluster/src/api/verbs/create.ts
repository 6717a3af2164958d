import { randomUUID } from 'node:crypto';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { dropsStatusAtCreation, invalidError } from '@berth/kube/schema';
import { type AdmissionRequest, settle } from '../admission/admission.ts';
import { type Answer, type Call, isDryRun } from '../call.ts';
import { toStorage, viewOf } from '../conversion/conversion.ts';
import { alreadyExists, badRequest } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { owned } from '../schema/ownership.ts';
import { complete, prepare, redefault, validate } from '../schema/steps.ts';
import { objectKey } from '../storage/keys.ts';
import { checkBytes, checkSize } from '../storage/size.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';
import { bodyObject, checkNamespace } from './decode.ts';
import { generateName } from './names.ts';
import { timestamp } from './time.ts';
import { checkWriteOptions } from './write-options.ts';

const nameAttempts = 8;

/** `given`: the object carries the record of who owns its fields already. */
export interface Ownership {
  ownership?: 'given';
}

/** Makes a new object from the body. */
export async function create(machinery: Machinery, call: Call): Promise<Answer> {
  checkWriteOptions(call, 'CreateOptions');
  const object = bodyObject(call);
  // It is the store that minds, so a dry run may try what was read from the server.
  if (object.metadata.resourceVersion && !isDryRun(call)) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  return { type: 'object', object: await createObject(machinery, call, object), created: true };
}

/** Creates `object` as `call` asks (namespace, dry run, who); generates the name when only `generateName` is given. */
export async function createObject(
  machinery: Machinery,
  call: Call,
  object: KubeObject,
  options: Ownership = {},
): Promise<StoredObject> {
  const request: AdmissionRequest = {
    operation: 'CREATE',
    call,
    subresource: '',
    name: object.metadata.name ?? '',
    namespace: call.namespace,
    object: await recorded(machinery, call, object, options),
    old: undefined,
    dryRun: isDryRun(call),
    settled: [],
  };
  let kept = false;
  try {
    await machinery.admission.admit(request);
    const stored = await named(machinery, request);
    kept = !request.dryRun;
    return stored;
  } finally {
    settle(request, kept);
  }
}

/** Keeps what was admitted, under its name or under one made from `generateName`, which is tried again when it is taken. */
async function named(machinery: Machinery, request: AdmissionRequest): Promise<StoredObject> {
  const admitted = request.object;
  const { name, generateName: base } = admitted.metadata;
  if (name || !base) return await attempt(machinery, request);
  for (let tries = 1; ; tries++) {
    request.object = structuredClone(admitted);
    request.object.metadata.name = generateName(base);
    try {
      return await attempt(machinery, request);
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists')) throw error;
      if (tries < nameAttempts) continue;
      const details = { ...error.details, retryAfterSeconds: 1 };
      const message = `${error.message}, the server was not able to generate a unique name for the object`;
      throw new BerthError('AlreadyExists', message, { details });
    }
  }
}

async function attempt(machinery: Machinery, request: AdmissionRequest): Promise<StoredObject> {
  const { storage, admission } = machinery;
  const { call } = request;
  const { description, prefix } = call.kind;
  const { name } = request.object.metadata;
  if (!name) {
    // Whatever else is wrong is said with it.
    const nameless = { ...request.object, metadata: { ...request.object.metadata, name: '' } };
    validate(call, prepare(call, redefault(call, nameless)), undefined);
    const message = 'Required value: name or generateName is required';
    throw invalidError(description, '', [{ reason: 'FieldValueRequired', message, field: 'metadata.name' }]);
  }
  request.name = name;
  if (request.isChanged) checkNamespace(call, request.object.metadata);
  stamp(machinery, call, request.object);
  request.object = prepare(call, redefault(call, request.object));
  await admission.derive(request);
  validate(call, request.object, undefined);
  await admission.check(request);
  const key = objectKey(prefix, call.namespace, name);
  if (request.dryRun) {
    await storage.caughtUp();
    if (storage.get(key)) throw alreadyExists(description, name);
    return encodeObject(key, request.object, 0);
  }
  const keeping = await toStorage(call.kind, request.object);
  let stored: StoredObject | undefined;
  try {
    await storage.commit([
      {
        type: 'put',
        key,
        expected: 0,
        value: (revision) => {
          stored = encodeObject(key, keeping, revision);
          checkBytes(stored.bytes.length);
          return stored.bytes;
        },
      },
    ]);
  } catch (error) {
    if (isBerthError(error, 'Conflict') && error.details?.name === key) throw alreadyExists(description, name);
    throw error;
  }
  return await viewOf(call.kind, stored ?? (storage.get(key) as StoredObject));
}

/** The object as its writer has it, with who owns what: that is settled before admission adds what nobody wrote. */
async function recorded(
  machinery: Machinery,
  call: Call,
  object: KubeObject,
  { ownership }: Ownership,
): Promise<KubeObject> {
  const dropsStatus = object.status !== undefined && dropsStatusAtCreation(call.kind.description);
  const sent = dropsStatus ? { ...object, status: undefined } : object;
  // Read first, so that what cannot be read is refused also where it does not count.
  const completed = withoutServerFields(complete(call, sent));
  checkSize(completed);
  if (ownership === 'given') return completed;
  const whole = await owned(machinery, call, undefined, completed);
  checkSize(whole);
  return whole;
}

const serverFields = ['resourceVersion', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];

/** What a client may send and nobody should see: only the server knows. */
function withoutServerFields(object: KubeObject): KubeObject {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of [...serverFields, 'selfLink']) delete metadata[field];
  return { ...object, metadata: metadata as unknown as KubeObject['metadata'] };
}

/** The fields that only the server sets. */
function stamp(machinery: Machinery, call: Call, object: KubeObject): void {
  const { metadata } = object;
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = timestamp(machinery.now());
  if (hasGeneration(call)) metadata.generation = 1;
  else delete metadata.generation;
}

/** Custom kinds have a generation, and of the built-in ones those that somebody acts on. */
export function hasGeneration({ kind }: Call): boolean {
  return kind.isCustom || withGeneration.has(kind.description.kind);
}

/** Source: the strategies of `k8s.io/kubernetes/pkg/registry`. */
const withGeneration = new Set([
  'CSIDriver',
  'CronJob',
  'CustomResourceDefinition',
  'DaemonSet',
  'Deployment',
  'DeviceClass',
  'EndpointSlice',
  'FlowSchema',
  'Ingress',
  'IngressClass',
  'Job',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'NetworkPolicy',
  'Pod',
  'PodDisruptionBudget',
  'PodTemplate',
  'PriorityLevelConfiguration',
  'ReplicaSet',
  'ReplicationController',
  'ResourceSlice',
  'StatefulSet',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);
