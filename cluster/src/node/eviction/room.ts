import { bytes } from '@berth/kube/quantity';
import type { Signal } from './signals.ts';
import { type EvictionSettings, quantityOf, thresholdsOf } from './thresholds.ts';

export interface Room {
  memoryBytes: number;
  storageBytes: number;
}

/**
 * How much of a machine's memory and disk pods may ask for together: all but what hard thresholds keep free, since who used that would be evicted.
 * Source: "Reserve Compute Resources for System Daemons" of the Kubernetes documentation.
 */
export function roomForPods(machine: Room, { hard }: Pick<EvictionSettings, 'hard'>): Room {
  const thresholds = thresholdsOf({ hard, soft: '', softGracePeriod: '', minimumReclaim: '' });
  const left = (signal: Signal, size: number) => {
    // The Node tells its sizes in KiB, and what is left of one is never more.
    const capacity = Math.floor(size / 1024) * 1024;
    const threshold = thresholds.find((one) => one.signal === signal);
    const kept = threshold ? bytes(quantityOf(threshold.value, capacity)) : 0;
    return Math.max(0, capacity - kept);
  };
  return {
    memoryBytes: left('memory.available', machine.memoryBytes),
    storageBytes: left('nodefs.available', machine.storageBytes),
  };
}
