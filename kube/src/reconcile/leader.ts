import { type Clock, sleep, systemClock } from '../client/clock.ts';
import type { KubeClient } from '../client/types.ts';
import { isBerthError } from '../errors/index.ts';
import { type Lease, type ObjectKey, resources } from '../objects/index.ts';

export interface LeaderOptions {
  client: Pick<KubeClient, 'get' | 'create' | 'update'>;
  /** The Lease that is held. */
  lease: ObjectKey & { namespace: string };
  /** Unique among the candidates: host name and a random part. */
  identity: string;
  signal: AbortSignal;
  clock?: Clock;
  /** Milliseconds; client-go's defaults: 15 s, 10 s, 2 s. */
  leaseDuration?: number;
  renewDeadline?: number;
  retryPeriod?: number;
}

/**
 * Calls `lead` whenever this candidate holds the lease, with a signal that is aborted when the lease is lost or could not be
 * renewed in time. Returns when the outer signal is aborted, after `lead` has returned; the lease is then free at once.
 */
export async function whileLeading(
  options: LeaderOptions,
  lead: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { client, lease: key, identity, signal } = options;
  const clock = options.clock ?? systemClock;
  const { leaseDuration = 15_000, renewDeadline = 10_000, retryPeriod = 2_000 } = options;
  // When a renewal by somebody else was first seen here: clocks of different machines are never compared.
  let seen = { mark: '', at: 0 };

  const specOf = (present: Lease | undefined, now: number): Lease['spec'] => {
    const time = new Date(now).toISOString().replace('Z', '000Z');
    const mine = present?.spec?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDuration / 1000),
      acquireTime: (mine && present?.spec?.acquireTime) || time,
      renewTime: time,
      leaseTransitions: (present?.spec?.leaseTransitions ?? 0) + (present && !mine ? 1 : 0),
    };
  };

  /** Whether the lease is ours after this attempt. */
  async function tryToHold(): Promise<boolean> {
    const now = clock.now();
    let present: Lease | undefined;
    try {
      present = await client.get(resources.leases, key);
    } catch (error) {
      if (!isBerthError(error, 'NotFound')) return false;
    }
    if (present?.spec?.holderIdentity && present.spec.holderIdentity !== identity) {
      const mark = `${present.spec.holderIdentity} ${present.spec.renewTime}`;
      if (seen.mark !== mark) seen = { mark, at: now };
      const theirs = (present.spec.leaseDurationSeconds ?? 15) * 1000;
      if (now < seen.at + theirs) return false;
    }
    const spec = specOf(present, now);
    try {
      if (present) await client.update(resources.leases, { ...present, spec } as Lease);
      else {
        const metadata = { name: key.name, namespace: key.namespace };
        const created = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec } as Lease;
        await client.create(resources.leases, created);
      }
      return true;
    } catch {
      return false;
    }
  }

  while (!signal.aborted) {
    if (!(await tryToHold())) {
      await sleep(clock, retryPeriod, signal);
      continue;
    }
    const term = new AbortController();
    const end = () => term.abort();
    signal.addEventListener('abort', end, { once: true });
    let renewedAt = clock.now();
    const renewing = (async () => {
      while (!term.signal.aborted) {
        await sleep(clock, retryPeriod, term.signal);
        if (term.signal.aborted) return;
        if (await tryToHold()) renewedAt = clock.now();
        else if (clock.now() - renewedAt >= renewDeadline) term.abort();
      }
    })();
    try {
      await lead(term.signal);
    } finally {
      term.abort();
      signal.removeEventListener('abort', end);
      await renewing;
    }
  }
  await release(options);
}

async function release({ client, lease: key, identity }: LeaderOptions): Promise<void> {
  try {
    const present = await client.get(resources.leases, key);
    if (present.spec?.holderIdentity !== identity) return;
    await client.update(resources.leases, { ...present, spec: { ...present.spec, holderIdentity: '' } } as Lease);
  } catch {
    // It runs out by itself.
  }
}
