import { hash } from 'node:crypto';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { HttpError } from './http/http-error.ts';

/** What can be made worse on purpose, while the service runs. */
export interface Knobs {
  /** Milliseconds that every request waits, and up to how many more by chance. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Share of requests, 0 to 1, that are answered 500. */
  readonly errorRate: number;
  /** Milliseconds of computing that every request costs. */
  readonly cpuMs: number;
}

const limits: Record<keyof Knobs, { readonly max: number; readonly variable: string }> = {
  latencyMs: { max: 60_000, variable: 'LATENCY_MS' },
  jitterMs: { max: 60_000, variable: 'LATENCY_JITTER_MS' },
  errorRate: { max: 1, variable: 'ERROR_RATE' },
  cpuMs: { max: 10_000, variable: 'CPU_MS' },
};
const names = Object.keys(limits) as (keyof Knobs)[];

export function initialKnobs(env: Readonly<Record<string, string | undefined>>): Knobs {
  const given = names.flatMap((name) => {
    const text = env[limits[name].variable];
    return text === undefined || text === '' ? [] : [[name, Number(text)] as const];
  });
  return changedKnobs({ latencyMs: 0, jitterMs: 0, errorRate: 0, cpuMs: 0 }, Object.fromEntries(given));
}

/** `knobs` with the members of `change`. @throws HttpError 400 that names the member which is wrong. */
export function changedKnobs(knobs: Knobs, change: unknown): Knobs {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) {
    throw new HttpError(400, 'knobs are a JSON object');
  }
  for (const [name, value] of Object.entries(change)) {
    if (!Object.hasOwn(limits, name)) throw new HttpError(400, `there is no knob "${name}", only ${names.join(', ')}`);
    const { max } = limits[name as keyof Knobs];
    if (typeof value !== 'number' || !(value >= 0 && value <= max)) {
      throw new HttpError(400, `${name} must be a number from 0 to ${max}`);
    }
  }
  return { ...knobs, ...change };
}

/** Does to one request what the knobs say. @throws HttpError 500 by the error rate. */
export async function suffer(knobs: Knobs, random: () => number = Math.random): Promise<void> {
  const wait = knobs.latencyMs + knobs.jitterMs * random();
  if (wait > 0) await delay(wait);
  if (knobs.cpuMs > 0) await burn(knobs.cpuMs);
  if (knobs.errorRate > 0 && random() < knobs.errorRate) throw new HttpError(500, 'failed on purpose (errorRate)');
}

/** Computes in small slices, so that probes and other requests get their turn as they would beside real work. */
async function burn(milliseconds: number): Promise<void> {
  const block = Buffer.alloc(4096);
  let left = milliseconds;
  while (left > 0) {
    const start = performance.now();
    const slice = Math.min(left, 5);
    while (performance.now() - start < slice) hash('sha256', block);
    left -= performance.now() - start;
    await nextTurn();
  }
}
