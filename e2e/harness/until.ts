import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again until `probe` answers something other than undefined or false, and answers that. The limit only ends a
 * test that would never end; the error shows what the last attempt said.
 */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false>, limit = 90_000): Promise<T> {
  const deadline = Date.now() + limit;
  let last: unknown;
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`still waiting for: ${what} (last: ${String(last)})`, { cause: last });
    await delay(100);
  }
}
