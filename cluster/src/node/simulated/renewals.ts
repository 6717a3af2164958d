/** Lease renewals a second that all nodes together may cost. */
const renewalsPerSecond = 200;
const tickMs = 50;

/**
 * Asks for the renewal of each node's lease in turn, until it is stopped. As kubelet four times in a lease, but never more often than the
 * API server is asked to bear as long as no lease runs out over it. What is due is told by the clock: a process that was busy makes up for it.
 */
export function startRenewals(
  names: readonly string[],
  { leaseMs, renew }: { leaseMs: number; renew(name: string): void },
): { stop(): void } {
  const round = Math.min(Math.max(leaseMs / 4, (names.length / renewalsPerSecond) * 1000), leaseMs * 0.75);
  const perMs = names.length / round;
  let next = 0;
  let owed = 0;
  let before = performance.now();
  const timer = setInterval(() => {
    const at = performance.now();
    // Nobody is owed two.
    owed = Math.min(owed + (at - before) * perMs, names.length);
    before = at;
    for (; owed >= 1; owed--) renew(names[next++ % names.length] as string);
  }, tickMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
