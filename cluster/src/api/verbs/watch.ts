import { isBerthError } from '@berth/kube/errors';
import type { Answer, Call } from '../call.ts';
import { expired } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { Selection } from '../storage/selection.ts';
import { WatchSource } from '../watch/source.ts';
import { prefixOf } from './list.ts';
import { watchOptionsOf } from './list-options.ts';
import { numberOption, reach, versionOption } from './versions.ts';

const defaultTimeoutMs = 30 * 60_000;

/**
 * Accepts a watch: from a version, which may be of the future, or with the present state first (also as KEP-3157's
 * WatchList). As in Kubernetes, where what it asks for cannot be had, that is the only event that it is told.
 */
export async function watch(machinery: Machinery, call: Call): Promise<Answer> {
  const { storage } = machinery;
  const selection = new Selection(call.kind, call.options.get('labelSelector'), call.options.get('fieldSelector'));
  const version = versionOption(call);
  const { bookmarks, initialEvents: initial = false } = watchOptionsOf(call);
  const seconds = numberOption(call, 'timeoutSeconds') ?? 0;

  let refusal: unknown;
  try {
    // Who begins with the state waits for it; who does not, for whatever comes.
    if (initial || version === undefined) await reach(storage, call, version);
  } catch (error) {
    if (!isBerthError(error, 'Timeout')) throw error;
    refusal = error;
  }
  const after = initial || version === undefined || version === 0 ? storage.revision : version;
  const oldest = storage.store.compactedRevision;
  if (after < storage.eventsFrom(call.kind.prefix) && oldest > 0 && after <= oldest) refusal = expired(after, oldest);
  const plan = {
    kind: call.kind,
    prefix: prefixOf(call, selection),
    selection,
    after,
    initial,
    markInitialEnd: initial && bookmarks,
    bookmarks,
    timeoutMs: timeoutMs(seconds),
  };
  return { type: 'watch', kind: call.kind, source: new WatchSource(storage, plan, refusal) };
}

function timeoutMs(seconds: number): number {
  // Spread out, so that watchers that began together do not come back together.
  if (seconds === 0) return defaultTimeoutMs * (1 + Math.random());
  return seconds < 0 ? 0 : Math.min(seconds * 1000, 2 ** 31 - 1);
}
