import { type Clock, type KubeClient, sharedInformers, systemClock } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { resources } from '@berth/kube/objects';
import { eventRecorder } from '@berth/kube/reconcile';
import { effects } from './effects.ts';
import { refusalMessage } from './message.ts';
import { observe } from './observe.ts';
import { preempt } from './preemption/index.ts';
import { SchedulingQueue } from './queue.ts';
import { schedule, type Unschedulable } from './schedule.ts';
import { ClusterState, uidOf } from './snapshot.ts';
import type { PodInfo } from './types.ts';
import { claimsOf, planVolumes, VolumeBinder } from './volumes/index.ts';

export interface SchedulerOptions {
  client: KubeClient;
  signal: AbortSignal;
  clock?: Clock;
  /** 0 to 1; where the search for victims begins. */
  random?(): number;
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
  const changed = () => queue.changed({ what: 'storageChanged' });
  const volumes = new VolumeBinder({ client, informers, clock, signal, changed });
  const state = new ClusterState(volumes.storage);
  const queue = new SchedulingQueue(clock, wake);
  const turn = { start: 0 };
  /** Uids of pods whose node is decided but not yet confirmed. */
  const assumed = new Set<string>();
  /** By uid, the nodes that are cleared for pods, until the pods themselves say so. */
  const nominating = new Map<string, string>();
  const budgets = informers.of(resources.podDisruptionBudgets);
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
    const prepared = bindVolumes(info, decision.node);
    if (!prepared) bindSoon(key, info, decision.node);
    // Volumes may be long in coming: others are bound meanwhile.
    else {
      prepared.then(
        () => bindSoon(key, info, decision.node),
        (error) => volumesFailed(key, info, decision.node, error),
      );
    }
  }

  function bindSoon(key: string, info: PodInfo, node: string): void {
    bindings++;
    bind(key, info, node)
      .catch((error) => onError?.(error, key))
      .finally(() => {
        bindings--;
        wake();
      });
  }

  /** What must be done for the pod's volumes before it is bound; undefined when there is nothing. */
  function bindVolumes({ pod }: PodInfo, name: string): Promise<void> | undefined {
    const claims = claimsOf(pod, state.storage);
    const node = state.node(name)?.node;
    if (!claims || 'reason' in claims || !node) return undefined;
    const plan = planVolumes(claims, node, state.storage);
    if (!('bindings' in plan)) return undefined;
    const settle = volumes.assume(plan, name);
    return volumes.bind(pod, node, plan).finally(settle);
  }

  function volumesFailed(key: string, info: PodInfo, node: string, error: unknown): void {
    if (signal.aborted) return;
    takeBack(info, node);
    queue.retry(key);
    const why = error instanceof Error ? error.message : String(error);
    const message = `running PreBind plugin "VolumeBinding": binding volumes: ${why}`;
    told(key, write.refuse(info.pod, 'SchedulerError', message));
    if (!isBerthError(error)) onError?.(error, key);
  }

  /** What the watch has shown meanwhile counts; only our own assumption is taken back. */
  function takeBack(info: PodInfo, node: string): void {
    if (!assumed.delete(uidOf(info))) return;
    state.removePod(info);
    queue.changed({ what: 'podGone', pod: info, nodeName: node });
  }

  async function bind(key: string, info: PodInfo, node: string): Promise<void> {
    try {
      await write.bind(info.pod, node);
      queue.remove(key);
    } catch (error) {
      if (signal.aborted) return;
      takeBack(info, node);
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
