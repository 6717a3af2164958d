import type { Pod } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { readCgroup } from '../../stats/cgroup.ts';
import { readPodCgroup, writePodCgroup } from '../cgroup.ts';
import type { NodeContext } from '../context.ts';
import { marks, type ObservedPod } from '../observed.ts';
import { cgroupParentOf, containerResources, type PodCgroup, podCgroup } from '../resources.ts';
import { amountOf, kinds, type Resource, type Resources, resizable } from './amounts.ts';
import type { Change, Changes } from './changes.ts';
import type { PodResize } from './pod-resize.ts';

/** Why a resize was not carried out, or not to its end; what the runtime took of it is noted. */
export class ResizeError extends Error {}

/** What of a pod's cgroup belongs to a resource, its limits before its requests. */
const fields: Readonly<Record<Resource, readonly (keyof PodCgroup)[]>> = {
  memory: ['memoryLimit'],
  cpu: ['cpuQuota', 'cpuShares'],
};

export interface ActuateOptions {
  context: Pick<NodeContext, 'runtime' | 'processes' | 'memoryBytes' | 'around'>;
  /** With what was admitted. */
  pod: Pod;
  observed: ObservedPod;
  changes: Changes;
  resize: Pick<PodResize, 'given'>;
}

/**
 * Gives running containers what they were allocated. The pod's cgroup is widened before and narrowed after them, since the kernel lets no cgroup
 * have less than one below it; memory comes before processor. Throws `ResizeError`.
 */
export async function actuate(options: ActuateOptions): Promise<void> {
  const { context, pod, changes, resize } = options;
  const path = cgroupParentOf(pod, context.around.instance);
  const wanted = podCgroup(pod);
  try {
    const has = context.processes ? await readPodCgroup(path) : undefined;
    const set = async (name: Resource, isDue: (now: number, then: number) => boolean, order = fields[name]) => {
      for (const field of order) {
        const [now, then] = [has?.[field], wanted[field]];
        if (now === undefined || then === undefined || !isDue(now, then)) continue;
        await writePodCgroup(path, { [field]: then });
      }
    };
    await refuseBelowUse(options, path, has?.memoryLimit);
    for (const name of resizable) {
      const due = changes.updates[name];
      if (due.length === 0 && !changes.replaced) continue;
      await set(name, (now, then) => then > now);
      for (const { container, running } of due) {
        const next = mixed(container.resources ?? {}, running.given ?? {}, name);
        const told = containerResources(pod, { ...container, resources: next }, context.memoryBytes);
        await context.runtime.updateResources(running.id, told);
        await resize.given(running.id, next);
      }
      await set(name, (now, then) => then < now, fields[name].toReversed());
    }
  } catch (error) {
    throw new ResizeError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Makes room in the pod's cgroup for a container that is about to start; narrowed it is by `actuate`. */
export async function widenPodCgroup(pod: Pod, instance: string): Promise<void> {
  const path = cgroupParentOf(pod, instance);
  const [has, wanted] = [await readPodCgroup(path), podCgroup(pod)];
  for (const field of Object.values(fields).flat()) {
    const [now, then] = [has?.[field], wanted[field]];
    if (now !== undefined && then !== undefined && then > now) await writePodCgroup(path, { [field]: then });
  }
}

/** The new amounts of one resource beside what the container has of the rest. */
function mixed(to: Resources, from: Resources, name: Resource): Resources {
  const result: Resources = { ...to };
  for (const kind of kinds) {
    const others = Object.fromEntries(Object.entries(from[kind] ?? {}).filter(([other]) => other !== name));
    const amount = (to[kind] as Record<string, string> | undefined)?.[name];
    const list = { ...others, ...(amount === undefined ? {} : { [name]: amount }) };
    if (Object.keys(list).length > 0) result[kind] = list;
    else delete result[kind];
  }
  return result;
}

/** A limit below what is in use would have the kernel end processes. */
async function refuseBelowUse(options: ActuateOptions, path: string, podLimit: number | undefined): Promise<void> {
  const { pod, changes } = options;
  if (changes.updates.memory.length === 0 && !changes.replaced) return;
  const wanted = podCgroup(pod).memoryLimit;
  const narrows = wanted !== undefined && podLimit !== undefined && wanted < podLimit;
  const lowered = changes.updates.memory.filter(isLowered);
  if (!narrows && lowered.length === 0) return;
  const use = await memoryUse(options, path);
  const problems: string[] = [];
  if (narrows && use.pod === undefined) problems.push('missing pod memory usage');
  else if (narrows && use.pod !== undefined && use.pod >= wanted) problems.push(below('pod', wanted, use.pod));
  for (const { container, running } of lowered) {
    const limit = bytes(amountOf(container.resources, 'limits', 'memory'));
    const used = await use.container(running.id);
    if (used === undefined) problems.push(`missing container "${container.name}" memory usage`);
    else if (used >= limit) problems.push(below(`container "${container.name}"`, limit, used));
  }
  if (problems.length === 0) return;
  const told = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
  throw new ResizeError(`cannot decrease memory limits: ${told}`);
}

const below = (of: string, limit: number, use: number) =>
  `attempting to set ${of} memory limit (${limit}) below current usage (${use})`;

function isLowered({ container, running }: Change): boolean {
  const [to, from] = [container.resources, running.given].map((of) => bytes(amountOf(of, 'limits', 'memory')));
  return to !== undefined && from !== undefined && to > 0 && (from === 0 || to < from);
}

/** Bytes, from the kernel, or from the runtime where there are no processes. */
async function memoryUse({ context, pod }: ActuateOptions, path: string) {
  if (context.processes) {
    return {
      pod: (await readCgroup(path))?.memoryBytes,
      container: async (id: string) => (await readCgroup(`${path}/${id}`))?.memoryBytes,
    };
  }
  const stats = await context.runtime.stats({ labels: { [marks.podUid]: pod.metadata.uid ?? '' } });
  return {
    pod: stats.reduce((sum, { workingSetBytes }) => sum + workingSetBytes, 0),
    container: async (of: string) => stats.find(({ id }) => id === of)?.workingSetBytes,
  };
}
