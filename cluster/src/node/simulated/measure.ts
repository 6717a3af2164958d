import type { Pod } from '@berth/kube/objects';
import type { PodUse, Use } from '../../api/nodes/index.ts';
import { simulatedContainerUse } from './behaviour.ts';

/** The time that figures are said to be of, in milliseconds: kubelet's housekeeping. */
const window = 10_000;
const nanocores = (millis: number) => millis * 1_000_000;

/** Undefined when none of its containers runs. */
export function pretendedPodUse(pod: Pod, at: number): PodUse | undefined {
  const containers = simulatedContainerUse(pod).map(({ name, cpu, memory }) => ({
    name,
    cpuNanocores: nanocores(cpu),
    memoryBytes: memory,
  }));
  return containers.length === 0 ? undefined : { at, window, containers };
}

/** What the pods of each of these nodes use together; nodes that are not there have no entry. */
export function pretendedNodeUse(nodes: Iterable<string>, pods: readonly Pod[], at: number): Map<string, Use> {
  const uses = new Map<string, Use>();
  for (const name of nodes) uses.set(name, { at, window, cpuNanocores: 0, memoryBytes: 0 });
  for (const pod of pods) {
    const use = uses.get(pod.spec?.nodeName ?? '');
    if (!use) continue;
    for (const { cpu, memory } of simulatedContainerUse(pod)) {
      use.cpuNanocores += nanocores(cpu);
      use.memoryBytes += memory;
    }
  }
  return uses;
}
