import { isBerthError } from '@berth/kube/errors';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import type { Answer, Call } from '../call.ts';
import type { ServedKind } from '../kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import type { User } from '../types.ts';
import { cleanupFinalizer, type DefinitionStatus, isTrue, withCondition } from './definition.ts';

const atOnce = 32;

/** A definition that is being deleted: held until its objects are gone, and marked so that no more are made. */
export function terminating(definition: CustomResourceDefinition, now: Date): CustomResourceDefinition {
  const finalizers = definition.metadata.finalizers ?? [];
  const status = terminationStatus(definition.status, pending, now);
  return {
    ...definition,
    metadata: {
      ...definition.metadata,
      finalizers: [...finalizers.filter((one) => one !== cleanupFinalizer), cleanupFinalizer],
    },
    status,
  };
}

interface Termination {
  status: 'True' | 'False';
  reason: string;
  message: string;
}

const pending: Termination = {
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};
const inProgress: Termination = {
  status: 'True',
  reason: 'InstanceDeletionInProgress',
  message: 'CustomResource deletion is in progress',
};
const failed = (error: unknown): Termination => ({
  status: 'True',
  reason: 'InstanceDeletionFailed',
  message: `could not issue all deletes: ${error instanceof Error ? error.message : String(error)}`,
});
const completedOf = (status: DefinitionStatus | undefined): Termination =>
  isTrue(status, 'Established')
    ? { status: 'False', reason: 'InstanceDeletionCompleted', message: 'removed all instances' }
    : { status: 'False', reason: 'NeverEstablished', message: 'resource was never established' };

/** The status with the condition; the same object when it has it already. */
function terminationStatus(status: DefinitionStatus | undefined, state: Termination, now: Date): DefinitionStatus {
  const conditions = withCondition(status?.conditions ?? [], { type: 'Terminating', ...state }, now);
  return status && conditions === status.conditions ? status : { ...status, conditions: [...conditions] };
}

export interface CleanupParts {
  storage: ObjectStorage;
  run(call: Call): Promise<Answer>;
  user: User;
  now(): Date;
  signal: AbortSignal;
  /** Writes the status that `revise` makes of the present definition. */
  writeStatus(name: string, revise: (definition: CustomResourceDefinition) => DefinitionStatus): Promise<void>;
  removeFinalizer(definition: CustomResourceDefinition): Promise<void>;
}

/**
 * Deletes the objects of a definition that is being deleted, waits until their own finalizers have let them go, and lets
 * the definition go. `kind` is what they are kept as; undefined when the definition was never served.
 */
export async function cleanUp(
  parts: CleanupParts,
  definition: CustomResourceDefinition,
  kind: ServedKind | undefined,
): Promise<void> {
  const { name } = definition.metadata;
  await parts.writeStatus(name, ({ status }) => terminationStatus(status, inProgress, parts.now()));
  if (kind && isTrue(definition.status, 'Established')) {
    try {
      await emptied(parts, kind);
    } catch (error) {
      if (!parts.signal.aborted) {
        await parts.writeStatus(name, ({ status }) => terminationStatus(status, failed(error), parts.now()));
      }
      throw error;
    }
  }
  await parts.writeStatus(name, ({ status }) => terminationStatus(status, completedOf(status), parts.now()));
  await parts.removeFinalizer(definition);
}

/** Resolves when no object of the kind is left. Those that are made meanwhile are deleted as well. */
async function emptied(parts: CleanupParts, kind: ServedKind): Promise<void> {
  const { storage, signal } = parts;
  const { prefix } = kind;
  const waiting: StoredObject[] = [];
  const { promise: gone, resolve, reject } = Promise.withResolvers<void>();
  const check = () => {
    if (storage.count(prefix) === 0) resolve();
  };
  let working = 0;
  const work = async () => {
    working++;
    try {
      for (let next = waiting.pop(); next && !signal.aborted; next = waiting.pop()) await remove(parts, kind, next);
    } finally {
      working--;
    }
  };
  const take = (objects: readonly StoredObject[]) => {
    waiting.push(...objects.filter(({ object }) => object.metadata.deletionTimestamp === undefined));
    while (working < Math.min(atOnce, waiting.length)) work().catch(reject);
  };
  const stop = storage.listen(prefix, (event) => {
    if (event.type === 'delete') check();
    else if (!event.previous) take([event.object]);
  });
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    take(storage.list(prefix));
    check();
    await gone;
  } finally {
    stop();
    signal.removeEventListener('abort', abort);
  }
}

async function remove({ run, user }: CleanupParts, kind: ServedKind, { object }: StoredObject): Promise<void> {
  const { name, namespace = '' } = object.metadata;
  const call: Call = {
    verb: 'delete',
    user,
    kind,
    namespace,
    name,
    subresource: undefined,
    options: new Map(),
    warnings: [],
    signal: undefined,
  };
  try {
    await run(call);
  } catch (error) {
    // Gone already, which is what was wanted.
    if (!isBerthError(error, 'NotFound')) throw error;
  }
}
