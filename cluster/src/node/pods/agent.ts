import { type Informer, startInformer } from '@berth/kube/client';
import { type Pod, resources } from '@berth/kube/objects';
import type { Rejection } from '../../scheduler/index.ts';
import { rotateLog } from '../logs/index.ts';
import { persist } from '../runtime/persist.ts';
import { removeVolumes } from '../volumes/index.ts';
import { observeAll } from './adopt.ts';
import type { NodeContext } from './context.ts';
import { agentMark, marks } from './observed.ts';
import { isTerminal } from './plan.ts';
import { admitPending } from './resize/index.ts';
import { PodWorker } from './worker.ts';

export interface PodAgent {
  /** Undefined when the pod is not on this node. */
  worker(uid: string): PodWorker | undefined;
  workers(): readonly PodWorker[];
  /** The pods' objects that concern these uids changed. */
  refresh(uids: readonly string[]): void;
  /** Images came from elsewhere: who waits for one looks at once. */
  imagesChanged(): void;
  stop(): void;
}

/**
 * Runs the pods that are bound to the node; takes over what an earlier agent left running, and removes the rest. `refusal` says why the node
 * does not take a new pod.
 */
export async function startPodAgent(
  context: NodeContext,
  nodeName: string,
  refusal: (pod: Pod, others: readonly Pod[]) => Rejection | undefined,
): Promise<PodAgent> {
  const { client, runtime, logger, signal } = context;
  const workers = new Map<string, PodWorker>();
  const leaving = new Set<string>();
  const mark = agentMark(context.around.instance, nodeName);
  const found = await observeAll(runtime, mark);
  const pods: Informer<Pod> = startInformer({
    client,
    resource: resources.pods,
    fieldSelector: `spec.nodeName=${nodeName}`,
    signal,
    onError: (error) => logger.debug({ err: error }, 'the watch over the pods was interrupted'),
  });
  await pods.synced;
  const { cpuMillis: cpu, memory } = context.allocatable;
  const room = { capacity: { cpu, memory: context.memoryBytes }, allocatable: { cpu, memory } };
  /** All pods are known: before, the room of one that is not would be given away. */
  let isComplete = false;
  pods.subscribe((change) => {
    const { object } = change;
    const uid = object.metadata.uid ?? '';
    if (change.type === 'deleted') workers.get(uid)?.vanish();
    else take(object, uid);
  });
  isComplete = true;
  context.resizes.retain(new Set(workers.keys())).catch((error) => logger.debug({ err: error }, 'an old record stays'));
  retryResizes();
  for (const [uid, { sandboxes }] of found) void removeOrphan(uid, sandboxes);
  follow().catch((error) => logger.error({ err: error }, 'the events of the runtime are not followed any more'));

  function take(pod: Pod, uid: string): void {
    const present = workers.get(uid);
    if (present) {
      present.update(pod);
      retryResizes();
      return;
    }
    const before = found.get(uid);
    found.delete(uid);
    const observed = before ?? { sandboxes: [], containers: [] };
    const isNew = !before && !isTerminal(pod) && pod.metadata.deletionTimestamp === undefined;
    const refused = isNew ? refusal(pod, othersOf(uid)) : undefined;
    const hooks = { told: retryResizes, finished: () => forget(uid) };
    const worker = new PodWorker({ context, pod, observed, ...hooks, ...(refused === undefined ? {} : { refused }) });
    workers.set(uid, worker);
    worker.kick();
  }

  /**
   * Those that have not ended, also those that an earlier agent left running: what they were given, the new ones cannot have. One that is gone
   * from the API counts no more, though its containers may still end: the scheduler has given its room away.
   */
  function othersOf(uid: string): Pod[] {
    const others = pods.list().filter(({ metadata: { uid: other = '' } }) => {
      return other !== uid && (workers.has(other) || found.has(other));
    });
    const known = others.map((pod) => workers.get(pod.metadata.uid ?? '')?.resizing.pod ?? pod);
    return known.filter((pod) => !isTerminal(pod));
  }

  function forget(uid: string): void {
    workers.delete(uid);
    context.probes.forget(uid);
    retryResizes();
  }

  /** Something changed that a resize may wait for: there may be room now. */
  function retryResizes(): void {
    if (!isComplete) return;
    const all = pods.list().flatMap(({ metadata: { uid = '' } }) => workers.get(uid) ?? []);
    if (all.some(({ isPendingResize }) => isPendingResize))
      admitPending(
        all.map(({ resizing }) => resizing),
        room,
      );
  }

  /** The pod was deleted, or moved, while nobody looked. */
  async function removeOrphan(uid: string, sandboxes: readonly { id: string }[]): Promise<void> {
    if (leaving.has(uid)) return;
    leaving.add(uid);
    const work = async () => {
      for (const { id } of sandboxes) {
        await runtime.stopSandbox(id);
        await runtime.removeSandbox(id);
      }
      if (uid !== '') await removeVolumes(uid, context.directories);
    };
    const failed = (error: unknown) => logger.warn({ err: error, uid }, 'an orphaned pod could not be removed yet');
    await persist(work, signal, failed).catch(() => undefined);
    leaving.delete(uid);
  }

  function quietly(work: Promise<void>): void {
    work.catch((error) => logger.warn({ err: error }, 'a change of a container could not be taken in'));
  }

  async function follow(): Promise<void> {
    let first = true;
    for await (const event of runtime.events(signal)) {
      if (event.type === 'resync') {
        if (!first) await resync();
        first = false;
      } else {
        for (const worker of workers.values()) {
          const { containers, sandboxes } = worker.observed;
          if ([...containers, ...sandboxes].some(({ id }) => id === event.id)) quietly(worker.notice(event.id));
        }
      }
    }
  }

  /** Compares what the workers believe with what the runtime lists. */
  async function resync(): Promise<void> {
    try {
      const [containers, sandboxes] = await Promise.all([runtime.listContainers(), runtime.listSandboxes()]);
      const running = new Set(containers.filter((container) => container.state === 'running').map(({ id }) => id));
      const ready = new Set(sandboxes.filter((sandbox) => sandbox.ready).map(({ id }) => id));
      for (const worker of workers.values()) {
        for (const { id, state } of worker.observed.containers) {
          if (state === 'running' && !running.has(id)) quietly(worker.notice(id));
        }
        for (const sandbox of worker.observed.sandboxes) {
          if (sandbox.ready && !ready.has(sandbox.id)) quietly(worker.notice(sandbox.id));
        }
      }
      // One that was still being made when its pod went, by a call whose answer was lost.
      for (const { id, labels } of sandboxes) {
        const uid = labels[marks.podUid];
        if (labels[marks.agent] === mark && uid && !workers.has(uid)) void removeOrphan(uid, [{ id }]);
      }
    } catch (error) {
      logger.debug({ err: error }, 'the runtime could not be listed');
    }
  }

  /** One log after the other, like volumes. */
  async function rotate(): Promise<void> {
    const { logRotation: policy, now } = context;
    for (const worker of workers.values()) {
      for (const { id, state, logPath } of worker.observed.containers) {
        if (state !== 'running' || signal.aborted) continue;
        await rotateLog({ file: logPath, containerId: id, runtime, now: now(), policy }).catch((error) =>
          logger.warn({ err: error, logPath }, 'a log could not be rotated'),
        );
      }
    }
    if (!signal.aborted) rotating = setTimeout(() => void rotate(), policy.every).unref();
  }
  // Without processes nothing is written.
  let rotating = context.processes ? setTimeout(() => void rotate(), context.logRotation.every).unref() : undefined;

  // Events may be lost without a sign: look at everything from time to time, as kubelet does.
  const relist = setInterval(() => void resync(), 30_000);
  relist.unref();

  return {
    worker: (uid) => workers.get(uid),
    workers: () => [...workers.values()],
    refresh(uids) {
      for (const uid of uids) workers.get(uid)?.refresh();
    },
    imagesChanged() {
      for (const worker of workers.values()) worker.refresh();
    },
    stop() {
      clearInterval(relist);
      clearTimeout(rotating);
      for (const worker of workers.values()) worker.release();
    },
  };
}
