import { setTimeout as delay } from 'node:timers/promises';

/**
 * Does the work until it succeeds, with pauses that grow from 50 ms to 5 s. Throws what failed last once the signal is
 * aborted; `failed` is told each time. For removals: a runtime that is away comes back, and a network plugin that stumbled over another removal of
 * the same network succeeds when it is asked again (CNI specification, "DEL").
 */
export async function persist(
  work: () => Promise<void>,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<void> {
  for (let pause = 50; ; pause = Math.min(pause * 2, 5000)) {
    try {
      return await work();
    } catch (error) {
      failed(error);
      await delay(pause, undefined, { signal, ref: false }).catch(() => {
        throw error;
      });
    }
  }
}
