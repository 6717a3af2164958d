import type { CgroupUse, FilesystemUse, InterfaceUse, NodeSample, PodSample } from '../stats/index.ts';

/** Rates, which one sample alone does not tell: billionths of a processor, undefined while unknown. */
export interface Rates {
  node(): number | undefined;
  container(podUid: string, name: string): number | undefined;
}

/** `/stats/summary` of `v1alpha1`. With `onlyResources`, processor and memory alone. */
export function summary(sample: NodeSample, rates: Rates, onlyResources: boolean): object {
  const { node, at, startedAt, use, filesystem, imageBytes } = sample;
  const own = {
    nodeName: node,
    startTime: time(startedAt),
    ...processor(use, at, rates.node()),
    memory: { ...memory(use, at).memory, availableBytes: Math.max(0, sample.memoryBytes - use.workingSetBytes) },
    swap: { time: time(at), swapUsageBytes: use.swapBytes },
  };
  const image = { ...files(filesystem, at), usedBytes: imageBytes };
  const more = {
    network: network(sample.interfaces, at),
    fs: files(filesystem, at),
    runtime: { imageFs: image, containerFs: image },
  };
  return {
    node: onlyResources ? own : { ...own, ...more },
    pods: sample.pods.map((pod) => podSummary(pod, rates, sample.filesystem, onlyResources)),
  };
}

function podSummary(pod: PodSample, rates: Rates, disk: FilesystemUse, onlyResources: boolean): object {
  const { name, namespace, uid, at, use } = pod;
  const all = pod.containers.map((container) => rates.container(uid, container.name));
  const whole = all.every((one) => one !== undefined) ? all.reduce((sum, one) => sum + one, 0) : undefined;
  const own = {
    podRef: { name, namespace, uid },
    startTime: time(pod.startedAt),
    containers: pod.containers.map((container) => ({
      name: container.name,
      startTime: time(container.startedAt),
      ...processor(container.use, container.at, rates.container(uid, container.name)),
      ...memory(container.use, container.at, container.resources.memoryLimit),
      ...(onlyResources ? {} : { rootfs: { ...files(disk, at), usedBytes: container.writableLayerBytes } }),
      swap: { time: time(container.at), swapUsageBytes: container.use.swapBytes },
    })),
    ...processor(use, at, whole),
    ...memory(use, at),
    swap: { time: time(at), swapUsageBytes: use.swapBytes },
  };
  if (onlyResources) return own;
  const layers = pod.containers.reduce((sum, { writableLayerBytes }) => sum + writableLayerBytes, 0);
  return {
    ...own,
    ...(pod.interfaces.length === 0 ? {} : { network: network(pod.interfaces, at) }),
    ...(pod.volumes.length === 0
      ? {}
      : {
          volume: pod.volumes.map(({ name, claim, ...use }) => ({
            ...files(use, at),
            name,
            pvcRef: { name: claim, namespace },
          })),
        }),
    'ephemeral-storage': { ...files(disk, at), usedBytes: layers },
    process_stats: { process_count: use.processes },
  };
}

const time = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');

function processor({ cpuNanoseconds }: CgroupUse, at: number, rate: number | undefined) {
  const usage = rate === undefined ? {} : { usageNanoCores: Math.round(rate) };
  return { cpu: { time: time(at), ...usage, usageCoreNanoSeconds: Math.round(cpuNanoseconds) } };
}

function memory(use: CgroupUse, at: number, limit?: number) {
  const available = limit === undefined ? {} : { availableBytes: Math.max(0, limit - use.workingSetBytes) };
  return {
    memory: {
      time: time(at),
      ...available,
      usageBytes: use.memoryBytes,
      workingSetBytes: use.workingSetBytes,
      rssBytes: use.rssBytes,
      pageFaults: use.pageFaults,
      majorPageFaults: use.majorPageFaults,
    },
  };
}

const files = (use: FilesystemUse, at: number) => ({
  time: time(at),
  availableBytes: use.availableBytes,
  capacityBytes: use.capacityBytes,
  usedBytes: use.usedBytes,
  inodesFree: use.inodesFree,
  inodes: use.inodes,
  inodesUsed: use.inodes - use.inodesFree,
});

/** The link by which the rest is summed up, as kubelet has it. */
function network(interfaces: readonly InterfaceUse[], at: number) {
  const told = interfaces.map((link) => ({
    name: link.name,
    rxBytes: link.receivedBytes,
    rxErrors: link.receiveErrors,
    txBytes: link.sentBytes,
    txErrors: link.sendErrors,
  }));
  return { time: time(at), name: '', ...(told.find(({ name }) => name === 'eth0') ?? told[0]), interfaces: told };
}
