import { parseDuration } from '@berth/kube/cel';
import { BerthError } from '@berth/kube/errors';
import { bytesQuantity, compareQuantities, isQuantity, parseQuantity, type Quantity } from '@berth/kube/quantity';
import { type Signal, signals } from './signals.ts';

/** A quantity, or a part of the whole from 0 to 1. */
export type Amount = { quantity: Quantity } | { share: number };

export interface Threshold {
  signal: Signal;
  /** Below this much the threshold is met. */
  value: Amount;
  /** Milliseconds for which it must be met before a pod has to go; 0 for a hard one. */
  grace: number;
  /** How much more than `value` there has to be again before it counts as over. */
  minimumReclaim?: Amount;
}

/** When a node evicts, in the words of kubelet's flags: `memory.available<100Mi,nodefs.available<10%`, `memory.available=1m30s`. */
export interface EvictionSettings {
  hard: string;
  soft: string;
  softGracePeriod: string;
  minimumReclaim: string;
  /** The longest grace that pods get by a soft threshold, in seconds. */
  maxPodGracePeriod: number;
  /** Milliseconds for which a condition stays after what brought it is over. */
  pressureTransitionPeriod: number;
}

/** What kubelet v1.35 has. */
export const usualEviction: EvictionSettings = {
  hard: 'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%',
  soft: '',
  softGracePeriod: '',
  minimumReclaim: '',
  maxPodGracePeriod: 0,
  pressureTransitionPeriod: 300_000,
};

/** Reads the settings. Throws a `BadRequest` that names the statement which cannot be understood. */
export function thresholdsOf(
  settings: Pick<EvictionSettings, 'hard' | 'soft' | 'softGracePeriod' | 'minimumReclaim'>,
): Threshold[] {
  const graces = new Map(
    statements(settings.softGracePeriod, '=').map(({ signal, text }) => [signal, durationOf(signal, text)]),
  );
  const reclaims = new Map(
    statements(settings.minimumReclaim, '=').map(({ signal, text }) => [signal, amountOf(signal, text)]),
  );
  const read = (text: string, graceOf: (signal: Signal) => number) =>
    statements(text, '<').flatMap(({ signal, text: value }): Threshold[] => {
      const grace = graceOf(signal);
      // As kubelet has it: this is how a threshold is switched off.
      if (value === '0%' || value === '100%') return [];
      const minimumReclaim = reclaims.get(signal);
      return [
        { signal, value: positive(signal, value), grace, ...(minimumReclaim === undefined ? {} : { minimumReclaim }) },
      ];
    });
  const softGrace = (signal: Signal): number => {
    const grace = graces.get(signal);
    if (grace === undefined) throw wrong(`grace period must be specified for the soft eviction threshold ${signal}`);
    return grace;
  };
  return [...read(settings.hard, () => 0), ...read(settings.soft, softGrace)];
}

/** The amount where there is this much of everything; bytes, files or processes. */
export function quantityOf(amount: Amount, capacity: number): Quantity {
  if ('quantity' in amount) return amount.quantity;
  // Kubelet keeps shares in 32 bits.
  return bytesQuantity(Math.floor(capacity * Math.fround(amount.share)));
}

function statements(text: string, operator: '<' | '='): { signal: Signal; text: string }[] {
  const parts = text.split(',').map((part) => part.trim());
  const seen = new Set<Signal>();
  return parts.filter(Boolean).map((part) => {
    const [name = '', value = '', ...more] = part.split(operator).map((word) => word.trim());
    if (value === '' || more.length > 0) throw wrong(`"${part}" must look like memory.available${operator}…`);
    const signal = signals.find((one) => one === name);
    if (!signal) throw wrong(`"${name}" is none of ${signals.join(', ')}`);
    if (seen.has(signal)) throw wrong(`${signal} is there twice`);
    seen.add(signal);
    return { signal, text: value };
  });
}

function amountOf(signal: Signal, text: string): Amount {
  if (text.endsWith('%')) {
    const percentage = Number(text.slice(0, -1) || Number.NaN);
    if (!(percentage >= 0 && percentage <= 100)) throw wrong(`${signal}: "${text}" is no percentage from 0 to 100`);
    return { share: Math.fround(Math.fround(percentage) / 100) };
  }
  if (!isQuantity(text)) throw wrong(`${signal}: "${text}" is neither a quantity nor a percentage`);
  const quantity = parseQuantity(text);
  if (compareQuantities(quantity, 0) < 0) throw wrong(`${signal}: ${text} is negative`);
  return { quantity };
}

function positive(signal: Signal, text: string): Amount {
  const amount = amountOf(signal, text);
  if ('quantity' in amount && compareQuantities(amount.quantity, 0) === 0) {
    throw wrong(`eviction threshold ${signal} must be positive: ${text}`);
  }
  return amount;
}

function durationOf(signal: Signal, text: string): number {
  const nanoseconds = parseDuration(text)?.nanos;
  if (nanoseconds === undefined || nanoseconds < 0n) throw wrong(`${signal}: "${text}" is no duration such as 1m30s`);
  return Number(nanoseconds / 1_000_000n);
}

const wrong = (why: string): BerthError => new BerthError('BadRequest', `eviction thresholds: ${why}`);
