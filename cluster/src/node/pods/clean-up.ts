import { rm } from 'node:fs/promises';
import { isBerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import { removeCgroup } from '../runtime/containerd/index.ts';
import { persist } from '../runtime/persist.ts';
import { removeVolumes } from '../volumes/index.ts';
import type { NodeContext } from './context.ts';
import type { ObservedPod } from './observed.ts';
import { cgroupParentOf } from './resources.ts';
import { logDirectoryOf } from './sandbox-config.ts';

/** Takes a pod that ended out of the API. One that is gone already, or is another by now, is left alone. */
export async function deleteFromApi({ client }: NodeContext, pod: Pod): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  const preconditions = uid === undefined ? {} : { uid };
  try {
    await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions });
  } catch (error) {
    if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
  }
}

/** Removes the containers and sandboxes of a pod that ended, and its logs. */
export async function discard({ runtime, around }: NodeContext, pod: Pod, observed: ObservedPod): Promise<void> {
  for (const { id } of observed.containers) await runtime.removeContainer(id);
  observed.containers.splice(0);
  for (const { id } of observed.sandboxes) await runtime.removeSandbox(id);
  observed.sandboxes.splice(0);
  await rm(logDirectoryOf(pod, around.podLogs), { recursive: true, force: true });
}

/** Removes what a pod had on the node: containers, sandboxes, volumes, logs, its cgroup. Until it is done or the agent ends. */
export async function cleanUp(context: NodeContext, pod: Pod, observed: ObservedPod): Promise<void> {
  const { runtime, directories, references, around, processes, resizes, logger, signal } = context;
  const uid = pod.metadata.uid ?? '';
  references.release(uid);
  const work = async () => {
    for (const { id } of observed.containers) await runtime.removeContainer(id);
    for (const { id } of observed.sandboxes) {
      await runtime.stopSandbox(id);
      await runtime.removeSandbox(id);
    }
    await removeVolumes(uid, directories);
    await rm(logDirectoryOf(pod, around.podLogs), { recursive: true, force: true });
    await resizes.forget(uid);
    if (processes) await removeCgroup(cgroupParentOf(pod, around.instance));
  };
  const failed = (error: unknown) =>
    logger.warn({ err: error, pod: pod.metadata.name }, 'what a pod left could not be removed yet');
  // An agent that ends leaves the rest to the next one.
  await persist(work, signal, failed).catch(() => undefined);
}
