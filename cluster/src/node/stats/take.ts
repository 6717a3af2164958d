import { uptime } from 'node:os';
import type { Pod } from '@berth/kube/objects';
import { claimNameOf } from '../../claims/index.ts';
import type { ObservedPod } from '../pods/observed.ts';
import { cgroupParentOf, containerResources } from '../pods/resources.ts';
import { allContainers, ephemeralContainers } from '../pods/sandbox-config.ts';
import type { Machine } from '../registration/machine.ts';
import type { ContainerStats, Runtime } from '../runtime/types.ts';
import { directoryOf, type VolumeDirectories } from '../volumes/directories.ts';
import { processesOf, readCgroup } from './cgroup.ts';
import { filesystemOf, interfacesOf } from './machine.ts';
import { type ContainerSample, type NodeSample, type PodSample, unused } from './sample.ts';
import { machineUsage } from './usage.ts';

export interface Surroundings {
  node: string;
  instance: string;
  machine: Machine;
  runtime: Runtime;
  directories: VolumeDirectories;
  now(): number;
}

/** What the machine and the pods use now: figures of the runtime, and the kernel's own where its cgroups are found. */
export async function takeSample(
  around: Surroundings,
  pods: readonly { pod: Pod; observed: ObservedPod }[],
): Promise<NodeSample> {
  const { runtime, machine, now } = around;
  const [sampled, root, usage, filesystem, interfaces, images] = await Promise.all([
    samplePods(around, pods),
    readCgroup('/'),
    machineUsage(now()),
    filesystemOf(around.directories.pods),
    interfacesOf('self'),
    runtime.listImages(),
  ]);
  const { cpuNanoseconds, workingSetBytes } = usage;
  return {
    node: around.node,
    at: usage.at,
    startedAt: now() - uptime() * 1000,
    cpus: machine.cpus,
    memoryBytes: machine.memoryBytes,
    use: { ...unused, ...root, cpuNanoseconds, workingSetBytes },
    interfaces,
    filesystem: filesystem ?? { capacityBytes: 0, availableBytes: 0, usedBytes: 0, inodes: 0, inodesFree: 0 },
    imageBytes: images.reduce((sum, { size }) => sum + size, 0),
    pods: sampled,
  };
}

/** What the pods use now; those without a sandbox are left out. */
export async function samplePods(
  around: Surroundings,
  pods: readonly { pod: Pod; observed: ObservedPod }[],
): Promise<PodSample[]> {
  const stats = new Map((await around.runtime.stats()).map((one) => [one.id, one]));
  const samples = await Promise.all(pods.map((one) => samplePod(around, one, stats)));
  return samples.filter((one) => one !== undefined);
}

async function samplePod(
  around: Surroundings,
  { pod, observed }: { pod: Pod; observed: ObservedPod },
  stats: ReadonlyMap<string, ContainerStats>,
): Promise<PodSample | undefined> {
  const sandbox = observed.sandboxes.find(({ ready }) => ready);
  if (!sandbox) return undefined;
  const { name, namespace = '', uid = '' } = pod.metadata;
  const cgroup = cgroupParentOf(pod, around.instance);
  const [containers, whole, [pid]] = await Promise.all([
    sampleContainers(around, pod, observed, stats),
    readCgroup(cgroup),
    processesOf(`${cgroup}/${sandbox.id}`),
  ]);
  const sum = (of: 'cpuNanoseconds' | 'memoryBytes' | 'workingSetBytes') =>
    containers.reduce((total, { use }) => total + use[of], 0);
  const summed = { cpuNanoseconds: sum('cpuNanoseconds'), memoryBytes: sum('memoryBytes') };
  return {
    namespace,
    name,
    uid,
    startedAt: Date.parse(pod.status?.startTime ?? '') || sandbox.createdAt,
    at: around.now(),
    cgroup,
    use: whole ?? { ...unused, ...summed, workingSetBytes: sum('workingSetBytes') },
    interfaces: pod.spec?.hostNetwork || pid === undefined ? [] : await interfacesOf(pid),
    sandboxId: sandbox.id,
    containers,
    volumes: await claimVolumes(pod, around.directories),
  };
}

async function sampleContainers(
  { instance, machine }: Surroundings,
  pod: Pod,
  observed: ObservedPod,
  stats: ReadonlyMap<string, ContainerStats>,
): Promise<ContainerSample[]> {
  const running = observed.containers.filter(({ id, state }) => state === 'running' && stats.has(id));
  return await Promise.all(
    running.map(async ({ id, name, image, startedAt }) => {
      const figures = stats.get(id);
      const cgroup = `${cgroupParentOf(pod, instance)}/${id}`;
      const { at = 0, cpuNanoseconds = 0, workingSetBytes = 0 } = figures ?? {};
      const { writableLayerBytes = 0, writableLayerInodes = 0 } = figures ?? {};
      const told = { ...unused, memoryBytes: workingSetBytes, ...(await readCgroup(cgroup)) };
      const container = [...allContainers(pod), ...ephemeralContainers(pod)].find((found) => found.name === name);
      const resources = container ? containerResources(pod, container, machine.memoryBytes) : {};
      const use = { ...told, cpuNanoseconds, workingSetBytes };
      return { name, id, image, startedAt, at, cgroup, use, writableLayerBytes, writableLayerInodes, resources };
    }),
  );
}

/** The file systems behind the pod's claims. */
async function claimVolumes(pod: Pod, directories: VolumeDirectories): Promise<PodSample['volumes']> {
  const volumes = await Promise.all(
    (pod.spec?.volumes ?? []).map(async (volume) => {
      const claim = claimNameOf(pod, volume);
      const use = claim === undefined ? undefined : await filesystemOf(directoryOf(volume, pod, directories));
      return claim !== undefined && use ? { ...use, name: volume.name, claim } : undefined;
    }),
  );
  return volumes.filter((one) => one !== undefined);
}
