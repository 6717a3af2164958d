import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@berth/kube/objects';
import type { Evictions } from './evictions.ts';
import type { Pressure } from './signals.ts';

/** The longest wait for what an evicted pod leaves, in milliseconds: kubelet's. */
const longestCleanUp = 30_000;

/**
 * Looks again and again, and at once after the pods that had to go are gone; `interval` is in milliseconds. `changed` is told the pressures when they
 * are others than before. Ends with the signal.
 */
export async function watchPressure(options: {
  evictions: Evictions;
  interval: number;
  signal: AbortSignal;
  /** Resolves when nothing of the pod is left on the node. */
  gone(pod: Pod): Promise<void>;
  changed(before: readonly Pressure[], after: readonly Pressure[]): void;
  failed(error: unknown): void;
}): Promise<void> {
  const { evictions, interval, signal } = options;
  const pause = (milliseconds: number, until: AbortSignal = signal) =>
    delay(milliseconds, undefined, { signal: until, ref: false }).catch(() => undefined);
  while (!signal.aborted) {
    const before = evictions.pressures();
    const evicted = await evictions.look().catch((error): Pod[] => {
      options.failed(error);
      return [];
    });
    if (signal.aborted) return;
    const after = evictions.pressures();
    if (before.toSorted().join() !== after.toSorted().join()) options.changed(before, after);
    if (evicted.length === 0) await pause(interval);
    else {
      const enough = new AbortController();
      const waiting = AbortSignal.any([signal, enough.signal]);
      await Promise.race([Promise.all(evicted.map(options.gone)), pause(longestCleanUp, waiting)]);
      enough.abort();
    }
  }
}
