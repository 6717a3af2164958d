import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';

export interface LoadResult {
  sent: number;
  /** Requests that got no answer, or one with a status of 500 or more, with the first few reasons. */
  failed: number;
  reasons: string[];
}

export interface Load {
  /** How many answers came so far. */
  readonly answered: number;
  stop(): Promise<LoadResult>;
}

/**
 * Constant load: a request every `1000 / rate` ms whether or not the earlier ones were answered (open loop), until
 * stopped. Bounded: at most `limit` requests.
 */
export function startLoad(url: string, rate: number, limit = 20_000): Load {
  const target = new URL(url);
  const pool = new Pool(target.origin, { connections: 16, headersTimeout: 10_000, bodyTimeout: 10_000 });
  const result: LoadResult = { sent: 0, failed: 0, reasons: [] };
  let answered = 0;
  let running = true;
  const open = new Set<Promise<void>>();

  const fail = (reason: string) => {
    result.failed += 1;
    if (result.reasons.length < 5) result.reasons.push(reason);
  };
  const send = async () => {
    try {
      const { statusCode, body } = await pool.request({ path: target.pathname, method: 'GET' });
      await body.dump();
      answered += 1;
      if (statusCode >= 500) fail(`status ${statusCode}`);
    } catch (error) {
      fail(String(error));
    }
  };
  const loop = (async () => {
    const started = performance.now();
    while (running && result.sent < limit) {
      const due = Math.floor(((performance.now() - started) * rate) / 1000);
      while (result.sent < due && result.sent < limit) {
        result.sent += 1;
        const one = send().finally(() => open.delete(one));
        open.add(one);
      }
      await delay(5);
    }
  })();
  return {
    get answered() {
      return answered;
    },
    async stop() {
      running = false;
      await loop;
      await Promise.all(open);
      await pool.close();
      return result;
    },
  };
}
