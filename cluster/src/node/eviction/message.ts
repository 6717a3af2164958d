import type { Pod } from '@berth/kube/objects';
import { bytesQuantity, compareQuantities, formatQuantity, parseQuantity } from '@berth/kube/quantity';
import { type Observations, type Pressure, type Signal, type Starved, starvedOf } from './signals.ts';
import { quantityOf, type Threshold } from './thresholds.ts';
import type { ContainerUse, PodUse } from './use.ts';

/** Why a pod has to go, in kubelet's words. `acting`: the thresholds that are met, the first of this kind is told. */
export function evictionMessage(
  starved: Starved,
  { pod, use }: { pod: Pod; use: PodUse | undefined },
  { acting, observations }: { acting: readonly Threshold[]; observations: Observations },
): string {
  const parts = [`The node was low on resource: ${starved}. `];
  const threshold = acting.find(({ signal }) => starvedOf[signal] === starved && observations[signal]);
  const observed = threshold && observations[threshold.signal];
  if (threshold && observed) {
    const quantity = formatQuantity(quantityOf(threshold.value, observed.capacity));
    parts.push(`Threshold quantity: ${quantity}, available: ${availableOf(threshold.signal, observed.available)}. `);
  }
  if (!use) return parts.join('');
  const podRequest = pod.spec?.resources?.requests?.memory;
  if (starved === 'memory' && podRequest !== undefined) {
    parts.push(consumer(`Pod ${pod.metadata.name}`, use.memoryBytes, String(podRequest), starved));
  }
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  for (const one of use.containers) {
    const container = containers.find(({ name }) => name === one.name);
    const used = usedOf(one, starved);
    if (!container || used === undefined) continue;
    const request = String((container.resources?.requests as Record<string, unknown> | undefined)?.[starved] ?? 0);
    if (compareQuantities(used, request) > 0) {
      parts.push(consumer(`Container ${container.name}`, used, request, starved));
    }
  }
  return parts.join('');
}

function consumer(who: string, used: number, request: string, starved: Starved): string {
  const [has, asks] = [formatQuantity(bytesQuantity(used)), formatQuantity(parseQuantity(request))];
  return `${who} was using ${has}, request is ${asks}, has larger consumption of ${starved}. `;
}

function usedOf({ memoryBytes, layer, logs }: ContainerUse, starved: Starved): number | undefined {
  if (starved === 'memory') return memoryBytes;
  if (starved === 'ephemeral-storage') return layer && logs && layer.bytes + logs.bytes;
  return undefined;
}

function availableOf(signal: Signal, available: number): string {
  const counted = signal === 'pid.available' || signal.endsWith('.inodesFree');
  return formatQuantity(counted ? parseQuantity(available) : bytesQuantity(available));
}

/** Why a node takes no pod. */
export const refusalMessage = (pressures: readonly Pressure[]): string =>
  `The node had condition: [${pressures.join(' ')}]. `;
