import { type Answer, type Call, isTrue } from '../call.ts';
import { expired } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { Selection } from '../storage/selection.ts';
import { WatchSource } from '../watch/source.ts';
import { prefixOf } from './list.ts';
import { checkWatchOptions } from './list-options.ts';
import { numberOption, versionOption } from './versions.ts';

const defaultTimeoutMs = 30 * 60_000;

/** Accepts a watch: from a version, or with the present state first (also as KEP-3157's WatchList). */
export async function watch(machinery: Machinery, call: Call): Promise<Answer> {
  const { storage } = machinery;
  const selection = new Selection(call.kind, call.options.get('labelSelector'), call.options.get('fieldSelector'));
  const version = versionOption(call);
  const sendInitial = call.options.get('sendInitialEvents');
  const bookmarks = isTrue(call.options.get('allowWatchBookmarks') ?? 'false');
  checkWatchOptions(call, { bookmarks });

  if (version === undefined) await storage.caughtUp();
  else if (version > storage.revision) await storage.reached(version);
  const fromState = sendInitial === undefined && (version === undefined || version === 0);
  const initial = fromState || (sendInitial !== undefined && isTrue(sendInitial));
  const after = initial || version === undefined || version === 0 ? storage.revision : version;
  const oldest = storage.store.compactedRevision;
  if (after < storage.eventsFrom && oldest > 0 && after <= oldest) throw expired(after, oldest);

  const seconds = numberOption(call, 'timeoutSeconds') ?? 0;
  return {
    type: 'watch',
    kind: call.kind,
    source: new WatchSource(storage, {
      kind: call.kind,
      prefix: prefixOf(call, selection),
      selection,
      after,
      initial,
      markInitialEnd: initial && sendInitial !== undefined,
      bookmarks,
      // Spread out, so that watchers that began together do not come back together.
      timeoutMs: seconds > 0 ? Math.min(seconds * 1000, 2 ** 31 - 1) : defaultTimeoutMs * (1 + Math.random()),
    }),
  };
}
