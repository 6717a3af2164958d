import type { Pod } from '@berth/kube/objects';
import type { PodUse, Use } from '../../api/nodes/index.ts';
import { cgroupParentOf } from '../pods/resources.ts';
import type { Rates } from '../server/index.ts';
import { type ContainerSample, type NodeSample, type PodSample, unused } from '../stats/index.ts';
import { simulatedContainerUse } from './behaviour.ts';
import { simulatedCpus, simulatedMemory } from './registration.ts';

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

/** Counters of nodes that were asked for, which grow as time goes by what is said to be used. */
export interface PretendedSamples {
  take(node: string, pods: readonly Pod[], at: number): NodeSample;
  rates(pods: () => readonly Pod[]): Rates;
}

export function pretendedSamples(machine: {
  cpus?: number | undefined;
  memoryBytes?: number | undefined;
}): PretendedSamples {
  /** By node, then by container: when it was asked last, and how much it had used by then. */
  const counters = new Map<string, Map<string, { at: number; nanoseconds: number }>>();
  return {
    take(node, pods, at) {
      const before = counters.get(node);
      const after = new Map<string, { at: number; nanoseconds: number }>();
      counters.set(node, after);
      const grown = (key: string, since: number, millis: number): number => {
        const last = before?.get(key) ?? { at: since, nanoseconds: 0 };
        // A processor's thousandth for a millisecond is a microsecond.
        const nanoseconds = last.nanoseconds + Math.max(0, at - last.at) * millis * 1000;
        after.set(key, { at, nanoseconds });
        return nanoseconds;
      };
      const running = pods.map((pod) => samplePod(pod, at, grown)).filter(({ containers }) => containers.length > 0);
      const whole = pretendedNodeUse([node], pods, at).get(node);
      const memory = whole?.memoryBytes ?? 0;
      const cpu = grown('', at, (whole?.cpuNanocores ?? 0) / 1_000_000);
      return {
        node,
        at,
        startedAt: Math.min(at, ...running.map(({ startedAt }) => startedAt)),
        cpus: machine.cpus ?? simulatedCpus,
        memoryBytes: machine.memoryBytes ?? simulatedMemory,
        use: { ...unused, cpuNanoseconds: cpu, memoryBytes: memory, workingSetBytes: memory },
        interfaces: [],
        filesystem: {
          capacityBytes: 2 ** 40,
          availableBytes: 2 ** 40,
          usedBytes: 0,
          inodes: 2 ** 26,
          inodesFree: 2 ** 26,
        },
        imageBytes: 0,
        pods: running,
      };
    },
    rates: (pods) => ({
      node: () =>
        sum(
          pods()
            .flatMap(simulatedContainerUse)
            .map(({ cpu }) => nanocores(cpu)),
        ),
      container: (uid, name) => {
        const pod = pods().find(({ metadata }) => metadata.uid === uid);
        const found = pod && simulatedContainerUse(pod).find((one) => one.name === name);
        return found && nanocores(found.cpu);
      },
    }),
  };
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

function samplePod(pod: Pod, at: number, grown: (key: string, since: number, millis: number) => number): PodSample {
  const { name, namespace = '', uid = '' } = pod.metadata;
  const cgroup = cgroupParentOf(pod, 'simulated');
  const containers = simulatedContainerUse(pod).map(({ name, cpu, memory }): ContainerSample => {
    const status = pod.status?.containerStatuses?.find((one) => one.name === name);
    const startedAt = Date.parse(status?.state?.running?.startedAt ?? '') || at;
    const id = (status?.containerID ?? '').replace(/^.*:\/\//, '');
    const cpuNanoseconds = grown(`${uid} ${name} ${status?.restartCount ?? 0}`, startedAt, cpu);
    const use = { ...unused, cpuNanoseconds, memoryBytes: memory, workingSetBytes: memory, rssBytes: memory };
    return {
      name,
      id,
      image: status?.image ?? '',
      startedAt,
      at,
      cgroup: `${cgroup}/${id}`,
      use,
      writableLayerBytes: 0,
      writableLayerInodes: 0,
      resources: {},
    };
  });
  const total = (key: 'cpuNanoseconds' | 'memoryBytes') => sum(containers.map(({ use }) => use[key]));
  const memoryBytes = total('memoryBytes');
  return {
    namespace,
    name,
    uid,
    startedAt: Date.parse(pod.status?.startTime ?? '') || at,
    at,
    cgroup,
    use: { ...unused, cpuNanoseconds: total('cpuNanoseconds'), memoryBytes, workingSetBytes: memoryBytes },
    interfaces: [],
    sandboxId: '',
    containers,
    volumes: [],
  };
}
