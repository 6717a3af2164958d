import { join } from 'node:path';
import type { Pod } from '@berth/kube/objects';
import type { ObservedPod } from '../pods/observed.ts';
import { logDirectoryOf } from '../pods/sandbox-config.ts';
import { type ContainerSample, type PodSample, type Surroundings, samplePods } from '../stats/index.ts';
import { directoryOf, diskUsage } from '../volumes/index.ts';
import { isEphemeral } from './rank.ts';
import type { Starved } from './signals.ts';
import type { ContainerUse, DiskUse, PodUse } from './use.ts';

interface MeasureParts {
  around: Surroundings;
  podLogs: string;
}

/** By uid, what pods use; of the disk only what is `starved` is measured, and the rest is 0. Pods without a sandbox are left out. */
export async function measurePods(
  { around, podLogs }: MeasureParts,
  pods: readonly { pod: Pod; observed: ObservedPod }[],
  starved: Starved,
): Promise<Map<string, PodUse>> {
  const what = starved === 'inodes' ? 'inodes' : starved === 'ephemeral-storage' ? 'bytes' : undefined;
  const uses = new Map<string, PodUse>();
  // One pod after the other: measuring must not take the machine from those that work.
  for (const one of await samplePods(around, pods)) {
    const pod = pods.find(({ pod: { metadata } }) => metadata.uid === one.uid)?.pod;
    if (pod) uses.set(one.uid, await measurePod(pod, one));
  }
  return uses;

  async function measurePod(pod: Pod, { use, containers }: PodSample): Promise<PodUse> {
    const logs = logDirectoryOf(pod, podLogs);
    const measured: ContainerUse[] = [];
    for (const container of containers) {
      const { name, use } = container;
      const layer = layerOf(container);
      measured.push({ name, memoryBytes: use.workingSetBytes, layer, logs: await usedBelow(join(logs, name)) });
    }
    const volumes: (DiskUse & { name: string })[] = [];
    for (const volume of (pod.spec?.volumes ?? []).filter(isEphemeral)) {
      volumes.push({ name: volume.name, ...(await usedBelow(directoryOf(volume, pod, around.directories))) });
    }
    const parts = [...measured.flatMap(({ layer, logs }) => [layer, logs]), ...volumes];
    return {
      memoryBytes: use.workingSetBytes,
      processes: use.processes,
      containers: measured,
      volumes,
      ephemeralBytes: parts.reduce((sum, part) => sum + (part?.bytes ?? 0), 0),
    };
  }

  async function usedBelow(path: string): Promise<DiskUse> {
    if (what === undefined) return { bytes: 0, inodes: 0 };
    return { bytes: 0, inodes: 0, [what]: await diskUsage(path, what) };
  }
}

const layerOf = ({ writableLayerBytes, writableLayerInodes }: ContainerSample): DiskUse => {
  return { bytes: writableLayerBytes, inodes: writableLayerInodes };
};
