import type { Informers } from '../client/informers.ts';
import type { KubeClient } from '../client/types.ts';
import { BerthError, isBerthError } from '../errors/index.ts';
import type { KubeObject, ObjectKey, Resource } from '../objects/index.ts';
import type { EventRecorder } from './recorder.ts';
import type { Action } from './types.ts';

export interface PerformOptions {
  client: KubeClient;
  informers: Informers;
  recorder: EventRecorder;
  /** Who writes, for `managedFields`. */
  fieldManager: string;
  signal: AbortSignal;
}

/** So many creations or deletions that follow each other are under way at once at most. */
const largestBatch = 64;

/**
 * Carries actions out in order and rejects with the first failure. Creations of one resource that follow each
 * other (and deletions likewise) go in batches of 1, 2, 4, …: a quota that is full or a webhook that refuses costs one request,
 * not a thousand. Answers go into the caches at once.
 */
export async function perform(actions: readonly Action[], options: PerformOptions): Promise<void> {
  let at = 0;
  while (at < actions.length) {
    const run = runOf(actions, at);
    at += run.length;
    let size = 1;
    for (let start = 0; start < run.length; ) {
      options.signal.throwIfAborted();
      const batch = run.slice(start, start + size);
      const results = await Promise.allSettled(batch.map((action) => performOne(action, options)));
      const failed = results.findIndex((result) => result.status === 'rejected');
      const result = results[failed];
      if (result?.status === 'rejected') {
        const action = batch[failed];
        if (action && 'failed' in action && action.failed && isBerthError(result.reason)) {
          await perform(action.failed(result.reason), options).catch(() => undefined);
        }
        throw result.reason;
      }
      start += size;
      size = Math.min(size * 2, largestBatch);
    }
  }
}

/** The actions from `at` on that may be carried out side by side. */
function runOf(actions: readonly Action[], at: number): readonly Action[] {
  const first = actions[at];
  if (!first || (first.type !== 'create' && first.type !== 'delete')) return actions.slice(at, at + 1);
  let end = at + 1;
  for (let next = actions[end]; next; next = actions[++end]) {
    if (next.type !== first.type || next.resource !== first.resource) break;
  }
  return actions.slice(at, end);
}

async function performOne(action: Action, options: PerformOptions): Promise<void> {
  const { client, informers, recorder, fieldManager, signal } = options;
  if (action.type === 'event') {
    recorder.record(action.about, action.severity, action.reason, action.message);
    return;
  }
  if (action.type === 'absent') return requireAbsent(action, options);
  if (action.type === 'ask') return perform(await action.answer(), options);
  const subresource = 'subresource' in action && action.subresource ? { subresource: action.subresource } : {};
  const write = { fieldManager, signal, ...subresource };
  const { resource } = action;
  const informer = informers.find(resource);
  const key: ObjectKey = 'key' in action ? action.key : action.object.metadata;
  try {
    if (action.type === 'create') observeWrite(await client.create(resource, action.object, write));
    else if (action.type === 'update') observeWrite(await client.update(resource, action.object, write));
    else if (action.type === 'patch') observeWrite(await client.patch(resource, key, action.patch, write));
    else observeDelete(await client.delete(resource, key, { ...action.options, signal }));
  } catch (error) {
    if (isBerthError(error, 'NotFound') && action.type !== 'create') {
      const present = informer?.get(key);
      // The cache was behind: what is gone must not be decided on again.
      if (present && (await isGone(client, resource, present, signal))) informer?.observeDeleted(present);
      if (action.type === 'delete') return;
    } else if (isBerthError(error, 'Conflict') || isBerthError(error, 'AlreadyExists')) {
      const fresh = key.name ? await client.get(resource, key, { signal }).catch(() => undefined) : undefined;
      if (fresh) informer?.observe(fresh);
    }
    throw error;
  }

  function observeWrite(answer: KubeObject): void {
    // With the last finalizer removed, this write was the deletion.
    if (answer.metadata.deletionTimestamp && !isHeld(answer)) informer?.observeDeleted(answer);
    // Subresources with a kind of their own (`Scale`) are not the object.
    else if (answer.kind === resource.kind) informer?.observe(answer);
  }

  function observeDelete(answer: KubeObject | undefined): void {
    const present = informer?.get(key);
    if (answer?.metadata.deletionTimestamp && isHeld(answer)) informer?.observe(answer);
    else if (present) informer?.observeDeleted(present);
  }
}

/** Whether an object that is being deleted is still there: for its finalizers, its grace period, or a namespace's own finalizers. */
function isHeld({ metadata, spec }: KubeObject): boolean {
  const own = (spec as { finalizers?: unknown[] } | undefined)?.finalizers ?? [];
  return (metadata.finalizers?.length ?? 0) > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0 || own.length > 0;
}

async function requireAbsent(action: Action & { type: 'absent' }, { client, informers, signal }: PerformOptions) {
  const { resource } = action;
  let present: KubeObject | undefined;
  if ('namespace' in action) {
    present = (await client.list(resource, { namespace: action.namespace, limit: 1, signal })).items[0];
  } else {
    const found = await client.get(resource, action.key, { signal }).catch((error: unknown) => {
      if (!isBerthError(error, 'NotFound')) throw error;
      return undefined;
    });
    if (action.uid === undefined || found?.metadata.uid === action.uid) present = found;
  }
  if (!present) return;
  informers.find(resource)?.observe(present);
  throw new BerthError('Conflict', `${resource.resource} "${present.metadata.name}" is there`);
}

async function isGone(
  client: KubeClient,
  resource: Resource,
  present: KubeObject,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await client.get(resource, present.metadata, { signal })).metadata.uid !== present.metadata.uid;
  } catch (error) {
    return isBerthError(error, 'NotFound');
  }
}
