import type { WatchEvent } from '@berth/kube/client';
import type { KubeObject } from '@berth/kube/objects';
import { bookmarkObject, type WatchSource } from '../watch/source.ts';

/** Events that wait for a consumer; one that stands still is told no more until it goes on. */
const mostWaiting = 1024;

/** A watch as the client's events. */
export async function* watchEvents<T extends KubeObject>(
  source: WatchSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  let queue: WatchEvent<T>[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  let failure: unknown;
  const push = (event: WatchEvent<T>) => {
    queue.push(event);
    wake?.();
  };
  const end = (error?: unknown) => {
    ended = true;
    failure = error;
    wake?.();
  };
  const running = source.start({
    event: (type, stored) => push({ type, object: stored.object as T }),
    bookmark: (revision, initialEnd) =>
      push({ type: 'BOOKMARK', object: bookmarkObject(source.plan.kind, revision, initialEnd) }),
    end,
    ready: () => queue.length < mostWaiting,
  });
  const abort = () => end();
  signal?.addEventListener('abort', abort);
  try {
    for (;;) {
      const batch = queue;
      queue = [];
      for (const event of batch) {
        if (signal?.aborted) return;
        yield event;
      }
      running.resume();
      if (queue.length > 0) continue;
      if (failure !== undefined) throw failure;
      if (ended) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    running.stop();
  }
}
