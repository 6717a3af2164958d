import type { Status } from '@berth/kube/errors';
import type { KubeList, KubeObject } from '@berth/kube/objects';
import { ApiError, type open, unreachable } from '../request.ts';
import type { ChangeEvent, WatchCache } from './cache.ts';
import { linesOf } from './lines.ts';

export interface WatcherWorld {
  open: typeof open;
  /** Resolves after `ms`, or as soon as the browser is back on the network. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  random: () => number;
  now: () => number;
}

export interface WatcherTarget {
  path: string;
  fieldSelector?: string | undefined;
}

type WatchLine = ChangeEvent | { type: 'BOOKMARK'; object: KubeObject } | { type: 'ERROR'; object: Status };

const firstPage = 500;
const laterPages = 2000;
const shortStream = 5000;
const firstPause = 250;
const longestPause = 15_000;
/** A stream that lived this long was a good one: what ends it is new trouble. */
const steady = 2000;

/**
 * Keeps `cache` equal to a collection until `signal` is aborted: lists it in pages, watches from the list's version,
 * goes on from the last version seen when the stream ends, and lists again when that version has expired.
 * `changed` is called after every change; batching is the caller's.
 */
export async function follow(
  target: WatcherTarget,
  cache: WatchCache,
  options: { world: WatcherWorld; changed: () => void; signal: AbortSignal },
): Promise<void> {
  const { world, changed, signal } = options;
  let version: string | undefined;
  let failures = 0;
  const say = (...phase: Parameters<WatchCache['setPhase']>) => {
    cache.setPhase(...phase);
    changed();
  };
  while (!signal.aborted) {
    const started = world.now();
    let openedAt: number | undefined;
    const opened = () => {
      openedAt = world.now();
      say('live');
    };
    try {
      version ??= await listAll(target, cache, { world, changed, signal });
      for await (const line of watchFrom(target, version, { world, signal, opened })) {
        if (line.type === 'ERROR') throw errorIn(line.object);
        failures = 0;
        if (line.type !== 'BOOKMARK') {
          cache.apply(line);
          changed();
        }
        version = line.object.metadata.resourceVersion ?? version;
      }
      // A server may end a stream at any time; one that ends them at once must not be asked in a tight loop.
      if (world.now() - started < shortStream) await world.pause(1000, signal);
    } catch (error) {
      if (signal.aborted) return;
      const failure = error instanceof ApiError ? error : new ApiError(0, unreachable, String(error));
      if (failure.code === 410) {
        version = undefined;
        if (failures++ === 0) continue;
      }
      if (openedAt !== undefined && world.now() - openedAt > steady) failures = 0;
      const hopeless = failure.code === 401 || failure.code === 403 || failure.code === 404;
      say(hopeless ? 'refused' : 'broken', failure);
      if (failure.code === 401) return;
      const wait = hopeless ? 30_000 : Math.min(longestPause, firstPause * 2 ** failures++);
      await world.pause(wait * (0.75 + world.random() / 2), signal);
      if (hopeless) version = undefined;
    }
  }
}

async function listAll(
  target: WatcherTarget,
  cache: WatchCache,
  { world, changed, signal }: { world: WatcherWorld; changed: () => void; signal: AbortSignal },
): Promise<string | undefined> {
  cache.beginList();
  let token: string | undefined;
  for (;;) {
    const query = new URLSearchParams({ limit: String(token === undefined ? firstPage : laterPages) });
    if (token !== undefined) query.set('continue', token);
    if (target.fieldSelector !== undefined) query.set('fieldSelector', target.fieldSelector);
    const response = await world.open(`${target.path}?${query}`, { signal });
    const list = (await response.json()) as KubeList;
    const { apiVersion, kind } = list;
    const itemKind = kind.replace(/List$/, '');
    // Items of a list carry no kind of their own on the wire.
    cache.addPage(list.items.map((item) => (item.kind === undefined ? { ...item, apiVersion, kind: itemKind } : item)));
    changed();
    token = list.metadata.continue === '' ? undefined : list.metadata.continue;
    if (token === undefined) {
      cache.endList();
      changed();
      return list.metadata.resourceVersion;
    }
  }
}

async function* watchFrom(
  target: WatcherTarget,
  version: string | undefined,
  { world, signal, opened }: { world: WatcherWorld; signal: AbortSignal; opened: () => void },
): AsyncGenerator<WatchLine> {
  const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true' });
  query.set('timeoutSeconds', String(Math.round(300 + world.random() * 300)));
  if (version !== undefined) query.set('resourceVersion', version);
  if (target.fieldSelector !== undefined) query.set('fieldSelector', target.fieldSelector);
  const response = await world.open(`${target.path}?${query}`, { signal });
  if (response.body === null) throw new ApiError(0, unreachable, 'the watch has no stream');
  opened();
  for await (const lines of linesOf(response.body)) {
    for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchLine;
  }
}

function errorIn(status: Status): ApiError {
  return new ApiError(status.code, status.reason ?? 'Unknown', status.message ?? '');
}
