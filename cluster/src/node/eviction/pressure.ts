import { compareQuantities } from '@berth/kube/quantity';
import { type Observations, type Pressure, pressureOf } from './signals.ts';
import { quantityOf, type Threshold } from './thresholds.ts';

/** What one look hands to the next. Times are milliseconds since the epoch. */
export interface PressureState {
  /** Since when each threshold that is met has been met. */
  met: ReadonlyMap<Threshold, number>;
  /** Those whose grace was over. */
  acting: readonly Threshold[];
  /** When each pressure was last there. */
  seen: ReadonlyMap<Pressure, number>;
}

export const noPressure: PressureState = { met: new Map(), acting: [], seen: new Map() };

export interface Judgement {
  state: PressureState;
  /** The node's conditions. */
  pressures: Pressure[];
  /** The thresholds by which something must go, memory first. */
  acting: Threshold[];
}

/** What observations mean after those before. Pure. */
export function judgePressure(
  thresholds: readonly Threshold[],
  observations: Observations,
  { before, now, transitionPeriod }: { before: PressureState; now: number; transitionPeriod: number },
): Judgement {
  const fresh = thresholdsMet(thresholds, observations);
  // What was acted upon is over only when its minimum is reclaimed.
  const lasting = thresholdsMet(before.acting, observations, true).filter((one) => !fresh.includes(one));
  const met = new Map([...fresh, ...lasting].map((one) => [one, before.met.get(one) ?? now]));
  const seen = new Map(before.seen);
  for (const { signal } of met.keys()) seen.set(pressureOf[signal], now);
  const acting = [...met].filter(([{ grace }, since]) => now - since >= grace).map(([threshold]) => threshold);
  return {
    state: { met, acting, seen },
    pressures: [...seen].filter(([, at]) => now - at < transitionPeriod).map(([pressure]) => pressure),
    acting: acting.toSorted((a, b) => Number(isMemory(b)) - Number(isMemory(a))),
  };
}

/** Those of the thresholds below which something lies; with `withReclaim`, or not far enough above. */
export function thresholdsMet(
  thresholds: readonly Threshold[],
  observations: Observations,
  withReclaim = false,
): Threshold[] {
  return thresholds.filter(({ signal, value, minimumReclaim }) => {
    const observed = observations[signal];
    if (!observed) return false;
    const { nanos } = quantityOf(value, observed.capacity);
    const more = withReclaim && minimumReclaim ? quantityOf(minimumReclaim, observed.capacity).nanos : 0n;
    return compareQuantities({ nanos: nanos + more, format: 'BinarySI' }, observed.available) > 0;
  });
}

const isMemory = ({ signal }: Threshold): boolean => signal === 'memory.available';
