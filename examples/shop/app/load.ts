import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

export interface LoadOptions {
  readonly url: string;
  /** Requests started each second, whether or not earlier ones are answered. */
  readonly rate: number;
  readonly seconds: number;
  /** Keeps connections open between requests; otherwise each request has its own. */
  readonly keepAlive: boolean;
  readonly timeoutMs: number;
  /** Ends the load early; what is under way is still counted. */
  readonly signal?: AbortSignal;
}

export interface LoadResult {
  readonly sent: number;
  /** Answers by HTTP status, and failures by their error code ('ECONNREFUSED', 'timeout'). */
  readonly counts: Readonly<Record<string, number>>;
  /** Everything that is no answer below 500. */
  readonly lost: number;
  /** Milliseconds, of all requests, from the time each was due: a late start counts. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number };
}

/** More than this many open at once are not started: the load must not be what breaks. They count as 'not started'. */
const openLimit = 2_000;

/** An open-loop load: requests start on a fixed beat, so that a slow server is met by as many as a fast one. */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: options.keepAlive, timeout: 1_000 });
  const counts: Record<string, number> = {};
  const latencies: number[] = [];
  const total = Math.round(options.rate * options.seconds);
  const pending = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  const count = (outcome: string) => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  for (; sent < total && !options.signal?.aborted; sent += 1) {
    const due = start + (sent / options.rate) * 1000;
    const wait = due - performance.now();
    if (wait > 1) await delay(wait);
    if (pending.size >= openLimit) {
      count('not started');
      continue;
    }
    const one: Promise<void> = fetchOnce(options, agent).then((outcome) => {
      count(outcome);
      latencies.push(performance.now() - due);
      pending.delete(one);
    });
    pending.add(one);
  }
  await Promise.all(pending);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number) => Math.round((latencies[Math.ceil(latencies.length * share) - 1] ?? 0) * 10) / 10;
  const good = Object.entries(counts).reduce((sum, [code, n]) => (/^[1-4]\d\d$/.test(code) ? sum + n : sum), 0);
  return { sent, counts, lost: sent - good, latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) } };
}

function fetchOnce({ url, timeoutMs }: LoadOptions, agent: Agent): Promise<string> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const outgoing = request(url, { agent, signal }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(String(answer.statusCode)));
      answer.once('error', () => resolve('broken answer'));
    });
    outgoing.once('error', (error: NodeJS.ErrnoException) => {
      resolve(signal.aborted ? 'timeout' : (error.code ?? error.message));
    });
    outgoing.end();
  });
}

const usage = 'usage: node load.ts [--rate N] [--seconds N] [--keep-alive] [--timeout MS] URL';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rate: { type: 'string', default: '50' },
      seconds: { type: 'string', default: '10' },
      timeout: { type: 'string', default: '10000' },
      'keep-alive': { type: 'boolean', default: false },
    },
  });
  const [url] = positionals;
  const numbers = { rate: Number(values.rate), seconds: Number(values.seconds), timeoutMs: Number(values.timeout) };
  const valid = numbers.rate > 0 && numbers.rate <= 5_000 && numbers.seconds > 0 && numbers.seconds <= 3_600;
  if (url === undefined || URL.parse(url)?.protocol !== 'http:' || !valid || !(numbers.timeoutMs > 0)) {
    process.stderr.write(`${usage}\nan http URL; at most 5000 requests/s for at most 3600 s\n`);
    return 2;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const result = await load({ url, ...numbers, keepAlive: values['keep-alive'], signal: stop.signal });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return result.lost === 0 ? 0 : 1;
}

if (import.meta.main) {
  process.exitCode = await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
    return 2;
  });
}
