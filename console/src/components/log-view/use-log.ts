import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { LogBuffer, type LogSnapshot } from '../../api/logs/buffer.ts';
import { readLog } from '../../api/logs/stream.ts';
import { ApiError } from '../../api/request.ts';

export interface LogRequest {
  namespace: string;
  pod: string;
  container: string;
  previous: boolean;
  follow: boolean;
  /** Changes when the container starts again: a log that has ended is then read on. */
  restarts: number;
}

export type LogPhase = 'reading' | 'ended' | { failed: string };

export interface Log {
  snapshot: LogSnapshot;
  phase: LogPhase;
  pause: () => void;
  resume: () => void;
  text: () => string;
}

const firstLines = 2000;
const again = 2000;

/** Reads a container's log for as long as the component lives, batched per frame; reads on after a break. */
export function useLog(request: LogRequest): Log {
  const buffer = useRef(new LogBuffer());
  const listeners = useRef(new Set<() => void>());
  const [phase, setPhase] = useState<LogPhase>('reading');
  const tell = useCallback(() => {
    for (const listener of listeners.current) listener();
  }, []);
  const { namespace, pod, container, previous, follow, restarts } = request;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a restart of the container begins a new stream
  useEffect(() => {
    const stop = new AbortController();
    buffer.current.clear();
    setPhase('reading');
    tell();
    let pending: string[] = [];
    let scheduled = false;
    const take = (lines: string[]) => {
      pending.push(...lines);
      if (scheduled) return;
      scheduled = true;
      setTimeout(() => {
        scheduled = false;
        if (stop.signal.aborted) return;
        buffer.current.push(pending);
        pending = [];
        tell();
      }, 50);
    };
    const source = { namespace, pod, container, previous, follow, tailLines: firstLines };
    const run = async () => {
      let last: string | undefined;
      while (!stop.signal.aborted) {
        const sinceTime = last;
        try {
          for await (const lines of readLog({ ...source, sinceTime }, stop.signal)) {
            // `sinceTime` is coarse: what was read before the break comes again.
            take(sinceTime === undefined ? lines : lines.filter((line) => line.split(' ', 1)[0] !== sinceTime));
            last = lines.at(-1)?.split(' ', 1)[0] ?? last;
          }
          return setPhase('ended');
        } catch (error) {
          if (stop.signal.aborted) return;
          // What the server refuses stays refused; what merely broke is read on from where it broke.
          if (error instanceof ApiError && error.code >= 400 && error.code < 500) {
            return setPhase({ failed: error.message });
          }
          setPhase({ failed: error instanceof Error ? error.message : String(error) });
          await new Promise((resolve) => setTimeout(resolve, again));
        }
      }
    };
    void run();
    return () => stop.abort();
  }, [namespace, pod, container, previous, follow, restarts, tell]);
  const subscribe = useCallback((listener: () => void) => {
    listeners.current.add(listener);
    return () => listeners.current.delete(listener);
  }, []);
  const snapshot = useSyncExternalStore(subscribe, () => buffer.current.snapshot());
  return {
    snapshot,
    phase,
    pause: useCallback(() => {
      buffer.current.pause();
      tell();
    }, [tell]),
    resume: useCallback(() => {
      buffer.current.resume();
      tell();
    }, [tell]),
    text: () => buffer.current.text(),
  };
}
