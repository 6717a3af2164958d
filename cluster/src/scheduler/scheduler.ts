import { type Clock, type KubeClient, sharedInformers, systemClock } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';
import { eventRecorder } from '@berth/kube/reconcile';
import { effects } from './effects.ts';
import { refusalMessage } from './message.ts';
import { observe } from './observe.ts';
import { disruptionBudgets, preempt } from './preemption/index.ts';
import { SchedulingQueue } from './queue.ts';
import { schedule, type Unschedulable } from './schedule.ts';
import { ClusterState, uidOf } from './snapshot.ts';
import type { PodInfo } from './types.ts';

/**
 * Done for a pod whose node is decided, before it is bound: what must be there before it starts, such as its volumes. Rejects when that
 * does not come to be; the pod is then scheduled anew.
 */
export type BeforeBinding = (pod: Pod, node: string, signal: AbortSignal) => Promise<void>;

export interface SchedulerOptions {
  client: KubeClient;
  signal: AbortSignal;
  clock?: Clock;
  /** 0 to 1; where the search for victims begins. */
  random?(): number;
  /** Pods with this `schedulerName` are scheduled. */
  name?: string;
  beforeBinding?: BeforeBinding;
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
  const { client, signal, beforeBinding, onError } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const schedulerName = options.name ?? 'default-scheduler';
  const recorder = eventRecorder({
    client,
    component: schedulerName,
    clock,
    onError: (error) => onError?.(error, 'events'),
  });
  const informers = sharedInformers({
    client,
    signal,
    clock,
    onError: (error, { resource }) => onError?.(error, resource),
  });
  const write = effects({ client, recorder, clock, signal, schedulerName });
  const state = new ClusterState();
  const queue = new SchedulingQueue(clock, wake);
  const turn = { start: 0 };
  /** Uids of pods whose node is decided but not yet confirmed. */
  const assumed = new Set<string>();
  /** By uid, the nodes that are cleared for pods, until the pods themselves say so. */
  const nominating = new Map<string, string>();
  const budgets = informers.of(disruptionBudgets);
  let synced = false;
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
        queue.retry(next.key);
        const message = error instanceof Error ? error.message : String(error);
        told(next.key, write.refuse(next.info.pod, 'SchedulerError', message));
      }
    }
  }

  function decide(key: string, info: PodInfo): void {
    const decision = schedule(info, state, turn);
    if (!('node' in decision)) {
      refuse(key, info, decision);
      return;
    }
    state.nominate(info, undefined);
    state.setPod(info, decision.node);
    assumed.add(uidOf(info));
    bindings++;
    bind(key, info, decision.node)
      .catch((error) => onError?.(error, key))
      .finally(() => {
        bindings--;
        wake();
      });
  }

  async function bind(key: string, info: PodInfo, node: string): Promise<void> {
    try {
      await beforeBinding?.(info.pod, node, signal);
      await write.bind(info.pod, node);
      queue.remove(key);
    } catch (error) {
      if (signal.aborted) return;
      // What the watch has shown meanwhile counts; only our own assumption is taken back.
      if (assumed.delete(uidOf(info))) {
        state.removePod(info);
        queue.changed({ what: 'podGone', pod: info, nodeName: node });
      }
      if (isBerthError(error, 'NotFound')) queue.remove(key);
      else queue.retry(key);
      if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
    }
  }

  function refuse(key: string, info: PodInfo, failed: Unschedulable): void {
    const { pod } = info;
    const noNodes = failed.nodes === 0;
    const preemption = noNodes ? undefined : preempt(info, failed, state, [...budgets.list()], random());
    const message = refusalMessage(failed, preemption);
    if (preemption && 'node' in preemption) {
      const { node, victims } = preemption;
      const displaced = state.nominated(node).filter(({ priority }) => priority < info.priority);
      for (const other of displaced) {
        state.nominate(other, undefined);
        nominating.delete(uidOf(other));
        queue.activate(`${other.pod.metadata.namespace}/${other.pod.metadata.name}`);
      }
      state.nominate(info, node);
      nominating.set(uidOf(info), node);
      queue.park(key, failed.by, true);
      told(key, nominated(info, write.refuse(pod, 'Unschedulable', message, node)));
      const made = write.makeRoom(pod, node, victims, displaced).then(
        () => queue.unhold(key),
        (error) => {
          queue.unhold(key, true);
          throw error;
        },
      );
      told(key, made);
      return;
    }
    queue.park(key, failed.by);
    // A pod that may not preempt now keeps what was cleared for it.
    const keeps = noNodes || (preemption && 'ineligible' in preemption);
    if (!keeps) {
      state.nominate(info, undefined);
      nominating.delete(uidOf(info));
    }
    told(key, write.refuse(pod, 'Unschedulable', message, keeps ? undefined : ''));
  }

  /** A nomination that could not be written is none. */
  async function nominated(info: PodInfo, written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      nominating.delete(uidOf(info));
      state.nominate(info, undefined);
      throw error;
    }
  }

  function told(key: string, work: Promise<void>): void {
    work.catch((error) => {
      if (!signal.aborted) onError?.(error, key);
    });
  }

  observe({
    informers,
    state,
    queue,
    assumed,
    nominating,
    schedulerName,
    gated: (pod) => told(pod.metadata.name, write.gate(pod)),
  });
  signal.addEventListener('abort', () => queue.stop(), { once: true });
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([informers.synced(), aborted]);
  synced = true;
  wake();
}
