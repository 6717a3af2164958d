import { constants } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import { cgroupDirectories } from '../runtime/containerd/index.ts';
import { cgroupParentOf, cpuPeriod, cpuSharesOf, type PodCgroup, podCgroup } from './resources.ts';

/**
 * Gives the pod's cgroup the weight and the limits of its containers together, and all best-effort pods the least weight there is: within one
 * level the kernel weighs cgroups, so a container's own weight counts only inside its pod.
 */
export async function fitPodCgroup(pod: Pod, instance: string): Promise<void> {
  await writePodCgroup(cgroupParentOf(pod, instance), podCgroup(pod));
  const isBestEffort = qosOf(pod) === 'BestEffort';
  if (isBestEffort) await writePodCgroup(`/berth-${instance}/besteffort`, { cpuShares: cpuSharesOf(0) });
}

interface CgroupFile {
  name: string;
  field: keyof PodCgroup;
  /** As the kernel has it. */
  text(value: number): string;
  value(text: string): number;
}

/** What counts as no limit in version 1, whose largest is the greatest number of whole pages. */
const unlimited = 2 ** 62;
const numberOr = (value: number) =>
  Number.isFinite(value) && value >= 0 && value < unlimited ? value : Number.POSITIVE_INFINITY;
const textOf = (none: string) => (value: number) => (Number.isFinite(value) ? String(value) : none);
/** The range 2 to 262144 of version 1 onto 1 to 10000 of version 2 (KEP-2254). */
const weightOf = (shares: number) => 1 + Math.floor(((shares - 2) * 9999) / 262_142);
const sharesOf = (weight: number) => 2 + Math.ceil(((weight - 1) * 262_142) / 9999);

/** Of both versions; those count that are there. */
const files: readonly CgroupFile[] = [
  { name: 'cpu.shares', field: 'cpuShares', text: String, value: Number },
  {
    name: 'cpu.weight',
    field: 'cpuShares',
    text: (shares) => String(weightOf(shares)),
    value: (text) => sharesOf(Number(text)),
  },
  { name: 'cpu.cfs_quota_us', field: 'cpuQuota', text: textOf('-1'), value: (text) => numberOr(Number(text)) },
  {
    name: 'cpu.max',
    field: 'cpuQuota',
    text: (quota) => `${textOf('max')(quota)} ${cpuPeriod}`,
    value: (text) => numberOr(Number(text.split(' ')[0])),
  },
  { name: 'memory.limit_in_bytes', field: 'memoryLimit', text: textOf('-1'), value: (text) => numberOr(Number(text)) },
  { name: 'memory.max', field: 'memoryLimit', text: textOf('max'), value: (text) => numberOr(Number(text)) },
];

/** What a cgroup has, no limit as infinity; undefined when it is not there. `path` below the root, as in /proc/PID/cgroup. */
export async function readPodCgroup(path: string, root?: string): Promise<PodCgroup | undefined> {
  const found: PodCgroup = {};
  for (const directory of await cgroupDirectories(path, root)) {
    for (const { name, field, value } of files) {
      const text = await readFile(join(directory, name), 'utf8').catch(() => undefined);
      if (text !== undefined) found[field] = value(text.trim());
    }
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

/** A file that is not there is not made. */
const existing = constants.O_WRONLY | constants.O_TRUNC;

/** Sets what is given, in either version. Rejects with the kernel's error where it refuses. */
export async function writePodCgroup(path: string, wanted: PodCgroup, root?: string): Promise<void> {
  for (const directory of await cgroupDirectories(path, root)) {
    for (const { name, field, text } of files) {
      const value = wanted[field];
      if (value === undefined) continue;
      await writeFile(join(directory, name), text(value), { flag: existing }).catch((error: NodeJS.ErrnoException) => {
        // Another version's, or another hierarchy's.
        if (error.code !== 'ENOENT') throw error;
      });
    }
  }
}
