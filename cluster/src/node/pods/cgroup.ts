import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@berth/kube/objects';
import { podResources, qosOf, whole } from '@berth/kube/pods';
import { cgroupDirectories } from '../runtime/containerd/index.ts';
import { cgroupParentOf, cpuSharesOf } from './resources.ts';

/**
 * Gives the pod's cgroup the weight of what it asks for as a whole, and all best-effort pods the least there
 * is: within one level the kernel weighs cgroups, so a container's own weight counts only inside its pod.
 */
export async function weighPod(pod: Pod, instance: string): Promise<void> {
  const { cpu = 0 } = podResources(pod, 'requests', whole);
  await weigh(cgroupParentOf(pod, instance), cpuSharesOf(cpu));
  if (qosOf(pod) === 'BestEffort') await weigh(`/berth-${instance}/besteffort`, cpuSharesOf(0));
}

async function weigh(path: string, shares: number): Promise<void> {
  // The range 2 to 262144 of version 1 onto 1 to 10000 of version 2 (KEP-2254).
  const weight = 1 + Math.floor(((shares - 2) * 9999) / 262_142);
  for (const directory of await cgroupDirectories(path)) {
    for (const [file, value] of [
      ['cpu.shares', shares],
      ['cpu.weight', weight],
    ] as const) {
      const target = join(directory, file);
      if (
        await access(target).then(
          () => true,
          () => false,
        )
      )
        await writeFile(target, String(value));
    }
  }
}
