import type { Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import { isTolerated } from '@berth/kube/selectors';

import { refusalMessage } from './message.ts';
import type { Pressure } from './signals.ts';

/** From here on pods belong to the system, and are never ended for want of something. */
const systemCritical = 2_000_000_000;

export const isCritical = (pod: Pod): boolean => Number(pod.spec?.priority ?? 0) >= systemCritical;

/**
 * Why a node under these pressures does not take a pod; undefined when it does. Under memory pressure alone pods that request something, or
 * tolerate it, are taken.
 */
export function refusalOf(pod: Pod, pressures: readonly Pressure[]): string | undefined {
  if (pressures.length === 0 || isCritical(pod)) return undefined;
  if (pressures.length === 1 && pressures[0] === 'MemoryPressure') {
    if (qosOf(pod) !== 'BestEffort') return undefined;
    const taint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;
    if (isTolerated(taint, pod.spec?.tolerations ?? [])) return undefined;
  }
  return refusalMessage(pressures);
}
