import { isBerthError } from '@berth/kube/errors';
import type { Runtime } from '../runtime/types.ts';
import { marks, type ObservedPod } from './observed.ts';
import { withLastWords } from './termination-message.ts';

/**
 * All that the runtime has of an agent's pods, by uid: what it finds when it starts. What others run is not touched.
 * With a uid, of that pod alone.
 */
export async function observeAll(runtime: Runtime, agent: string, uid?: string): Promise<Map<string, ObservedPod>> {
  const ofPod: Record<string, string> = uid === undefined ? {} : { [marks.podUid]: uid };
  const [sandboxes, all] = await Promise.all([
    runtime.listSandboxes({ labels: { [marks.agent]: agent, ...ofPod } }),
    runtime.listContainers({ labels: ofPod }),
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
      const status = await orGone(runtime.containerStatus(id).then(withLastWords));
      if (status) of(labels[marks.podUid] ?? '').containers.push({ ...status, sandboxId });
    }),
  ]);
  for (const pod of pods.values()) newestFirst(pod);
  return pods;
}

/** Adds what the runtime has of a pod and we do not know: the answer to a call that made it was lost. */
export async function observeAgain(runtime: Runtime, agent: string, uid: string, known: ObservedPod): Promise<void> {
  const found = (await observeAll(runtime, agent, uid)).get(uid);
  if (!found) return;
  const ids = new Set([...known.sandboxes, ...known.containers].map(({ id }) => id));
  known.sandboxes.push(...found.sandboxes.filter(({ id }) => !ids.has(id)));
  known.containers.push(...found.containers.filter(({ id }) => !ids.has(id)));
  newestFirst(known);
}

function newestFirst(pod: ObservedPod): void {
  pod.sandboxes.sort((a, b) => b.metadata.attempt - a.metadata.attempt || b.createdAt - a.createdAt);
  pod.containers.sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
}

/** What was removed between the list and the question is no error. */
export async function orGone<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isBerthError(error, 'NotFound')) return undefined;
    throw error;
  }
}
