import { isDeepStrictEqual } from 'node:util';
import { type Change, type Clock, type KubeClient, sharedInformers, systemClock } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { keyOf, type Node, type Pod, resources } from '@berth/kube/objects';
import { eventRecorder } from '@berth/kube/reconcile';
import { withPodScheduled } from './pod-scheduled.ts';
import { SchedulingQueue } from './queue.ts';
import { podInfo } from './requests.ts';
import { refusalMessage, schedule } from './schedule.ts';
import { ClusterState } from './snapshot.ts';
import type { PodInfo } from './types.ts';

export interface SchedulerOptions {
  client: KubeClient;
  signal: AbortSignal;
  clock?: Clock;
  /** Pods with this `schedulerName` are scheduled. */
  name?: string;
  /** Told of each failure; the scheduler retries by itself. */
  onError?(error: unknown, where: string): void;
}

/** The event loop is given back after so many milliseconds of deciding. */
const slice = 5;
/** Bindings under way at once at most: what is decided must not run far ahead of what is written. */
const mostBindings = 256;

/**
 * Gives every pod without a node one, until the signal is aborted. Resolves when the state of the cluster is known. Decisions are made
 * one after the other on the state that the ones before left; they are written (`pods/binding`) side by side.
 */
export async function startScheduler(options: SchedulerOptions): Promise<void> {
  const { client, signal, onError } = options;
  const clock = options.clock ?? systemClock;
  const name = options.name ?? 'default-scheduler';
  const recorder = eventRecorder({ client, component: name, clock, onError: (error) => onError?.(error, 'events') });
  const informers = sharedInformers({
    client,
    signal,
    clock,
    onError: (error, { resource }) => onError?.(error, resource),
  });
  const state = new ClusterState();
  const queue = new SchedulingQueue(clock, wake);
  const turn = { start: 0 };
  /** Uids of pods whose node is decided but not yet confirmed. */
  const assumed = new Set<string>();
  let running = false;
  let bindings = 0;

  function wake(): void {
    if (running || signal.aborted) return;
    running = true;
    setImmediate(() => {
      running = false;
      decideForAWhile();
    });
  }

  function decideForAWhile(): void {
    const until = performance.now() + slice;
    while (!signal.aborted && synced && bindings < mostBindings) {
      if (performance.now() > until) {
        wake();
        return;
      }
      const next = queue.take();
      if (!next) return;
      try {
        decide(next.key, next.info);
      } catch (error) {
        // A selector that cannot be read: the pod's own fault, and no other's.
        onError?.(error, next.key);
        reject(next.key, next.info, 'SchedulerError', error instanceof Error ? error.message : String(error));
      }
    }
  }

  function decide(key: string, info: PodInfo): void {
    const decision = schedule(info, state, turn);
    if (!('node' in decision)) {
      reject(key, info, 'Unschedulable', refusalMessage(decision));
      return;
    }
    state.setPod(info, decision.node);
    assumed.add(info.pod.metadata.uid ?? '');
    bindings++;
    bind(key, info, decision.node)
      .catch((error) => onError?.(error, key))
      .finally(() => {
        bindings--;
        wake();
      });
  }

  async function bind(key: string, info: PodInfo, node: string): Promise<void> {
    const { pod } = info;
    const { namespace = '', name: podName, uid = '' } = pod.metadata;
    try {
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const metadata = { name: podName, namespace, uid };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata, target };
      await client.createSubresource(resources.pods, { namespace, name: podName }, 'binding', binding, { signal });
      queue.remove(key);
      recorder.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${node}`);
    } catch (error) {
      if (signal.aborted) return;
      // What the watch has shown meanwhile counts; only our own assumption is taken back.
      if (assumed.delete(uid)) state.removePod(info);
      if (isBerthError(error, 'NotFound')) queue.remove(key);
      else queue.retry(key);
      if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
    }
  }

  function reject(key: string, { pod }: PodInfo, reason: string, message: string): void {
    queue.park(key);
    recorder.record(pod, 'Warning', 'FailedScheduling', message);
    const status = withPodScheduled(pod, reason, message, clock.now());
    if (!status) return;
    const { namespace = '', name: podName, uid } = pod.metadata;
    const body = { metadata: { uid }, status };
    client
      .patch(resources.pods, { namespace, name: podName }, { type: 'merge', body }, { subresource: 'status', signal })
      .catch((error) => {
        const over = signal.aborted || isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict');
        if (!over) onError?.(error, key);
      });
  }

  function podChanged({ type, object: pod }: Change<Pod>): void {
    const key = keyOf(pod);
    const { uid = '', deletionTimestamp } = pod.metadata;
    const { nodeName, schedulerName = name, schedulingGates = [] } = pod.spec ?? {};
    const { phase } = pod.status ?? {};
    const over = type === 'deleted' || phase === 'Succeeded' || phase === 'Failed';
    if (over || nodeName) {
      queue.remove(key);
      const confirmed = assumed.delete(uid);
      if (over) {
        state.removePod(podInfo(pod));
        queue.changed();
      } else {
        state.setPod(podInfo(pod), nodeName ?? '');
        // Affinity to a pod that was placed by somebody else may be what others wait for.
        if (!confirmed && type === 'added') queue.changed();
      }
    } else if (deletionTimestamp !== undefined || schedulerName !== name) {
      queue.remove(key);
    } else if (schedulingGates.length > 0) {
      gated(pod);
    } else if (!assumed.has(uid)) queue.add(key, podInfo(pod));
  }

  function gated(pod: Pod): void {
    const message = 'Scheduling is blocked due to non-empty scheduling gates';
    const status = withPodScheduled(pod, 'SchedulingGated', message, clock.now());
    if (!status) return;
    const { namespace = '', name: podName } = pod.metadata;
    client
      .patch(
        resources.pods,
        { namespace, name: podName },
        { type: 'merge', body: { status } },
        { subresource: 'status', signal },
      )
      .catch((error) => {
        if (!signal.aborted && !isBerthError(error, 'NotFound')) onError?.(error, keyOf(pod));
      });
  }

  function nodeChanged(change: Change<Node>): void {
    const { object: node } = change;
    if (change.type === 'deleted') {
      state.removeNode(node.metadata.name);
      return;
    }
    state.setNode(node);
    if (change.type === 'added' || isRelevant(change.previous, node)) queue.changed();
  }

  let synced = false;
  informers.of(resources.nodes).subscribe(nodeChanged);
  informers.of(resources.pods).subscribe(podChanged);
  signal.addEventListener('abort', () => queue.stop(), { once: true });
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([informers.synced(), aborted]);
  synced = true;
  wake();
}

/** Heartbeats change a node every few seconds, but nothing that a pod could wait for. */
function isRelevant(before: Node, after: Node): boolean {
  return !(
    isDeepStrictEqual(before.spec, after.spec) &&
    isDeepStrictEqual(before.metadata.labels, after.metadata.labels) &&
    isDeepStrictEqual(before.status?.allocatable, after.status?.allocatable)
  );
}
