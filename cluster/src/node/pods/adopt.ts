import { isBerthError } from '@berth/kube/errors';
import type { Runtime } from '../runtime/types.ts';
import { marks, type ObservedPod } from './observed.ts';

/** All that the runtime has of an agent's pods, by uid: what it finds when it starts. What others run is not touched. */
export async function observeAll(runtime: Runtime, agent: string): Promise<Map<string, ObservedPod>> {
  const [sandboxes, all] = await Promise.all([
    runtime.listSandboxes({ labels: { [marks.agent]: agent } }),
    runtime.listContainers(),
  ]);
  const own = new Set(sandboxes.map(({ id }) => id));
  const containers = all.filter(({ sandboxId }) => own.has(sandboxId));
  const pods = new Map<string, ObservedPod>();
  const of = (uid: string) => {
    let found = pods.get(uid);
    if (!found) {
      found = { sandboxes: [], containers: [] };
      pods.set(uid, found);
    }
    return found;
  };
  await Promise.all([
    ...sandboxes.map(async ({ id, labels }) => {
      const status = await orGone(runtime.sandboxStatus(id));
      if (status) of(labels[marks.podUid] ?? '').sandboxes.push(status);
    }),
    ...containers.map(async ({ id, sandboxId, labels }) => {
      const status = await orGone(runtime.containerStatus(id));
      if (status) of(labels[marks.podUid] ?? '').containers.push({ ...status, sandboxId });
    }),
  ]);
  for (const pod of pods.values()) {
    pod.sandboxes.sort((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt);
    pod.containers.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
  }
  return pods;
}

/** What was removed between the list and the question is no error. */
async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBerthError(error, 'NotFound')) return undefined;
    throw error;
  }
}
