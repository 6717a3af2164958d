import type { Container, Pod } from '@berth/kube/objects';
import { type ContainerProbes, type ProbeTarget, startProbes } from '../probes/index.ts';
import { recordOf } from './container-events.ts';
import type { NodeContext } from './context.ts';
import type { GracePeriod } from './grace-period.ts';
import { runHook } from './hooks.ts';
import { type ContainerMemory, memoryOf, type PodMemory } from './memory.ts';
import { newestOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { allContainers, ephemeralContainers } from './sandbox-config.ts';

export interface SupervisionOptions {
  context: NodeContext;
  pod(): Pod;
  observed: ObservedPod;
  memory: PodMemory;
  /** Something that decides about the next step has changed. */
  changed(): void;
}

/** Runs the probes and hooks of a pod's containers, and notes their verdicts in the pod's memory. */
export class Supervision {
  readonly #options: SupervisionOptions;
  readonly #probes = new Map<string, ContainerProbes>();
  readonly #stopping = new Set<string>();
  /** While the pod is ended, failing probes are no news. */
  quiet = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Containers that run and are not watched yet: what was true of them stays true until a probe says otherwise. */
  adopt(status: Pod['status']): void {
    const { memory, observed, pod } = this.#options;
    const known = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    for (const container of [...allContainers(pod()), ...ephemeralContainers(pod())]) {
      const newest = newestOf(observed, container.name);
      if (!newest || this.#probes.has(newest.id)) continue;
      const before = known.find((found) => found.containerID?.endsWith(newest.id));
      const own = memoryOf(memory, container.name);
      if (newest.attempt > 0) own.backoff ??= 10_000;
      if (newest.state !== 'running') continue;
      own.id = newest.id;
      own.started = before?.started === true;
      own.ready = before?.ready === true;
      this.watch(container, newest);
    }
  }

  watch(container: Container, status: ObservedContainer): void {
    const { context, memory, changed } = this.#options;
    const own = memoryOf(memory, container.name);
    const current = () => own.id === status.id && this.#probes.get(status.id) !== undefined;
    // Without processes there is nothing to ask.
    const probed = context.processes ? container : { name: container.name };
    let probes: ContainerProbes | undefined;
    // A container without probes is told ready before `startProbes` returns.
    this.#probes.set(status.id, { stop: () => probes?.stop() });
    probes = startProbes({
      ...this.target(probed, status.id),
      startedAt: status.startedAt,
      known: { started: own.started, ready: own.ready },
      now: context.now,
      listener: {
        started: () => current() && note(own, { started: true }, changed),
        ready: (ready) => current() && note(own, { ready }, changed),
        kill: (message, grace) => {
          if (!current()) return;
          note(own, grace === undefined ? { killWith: message } : { killWith: message, killGrace: grace }, changed);
        },
        probed: (type, outcome) => {
          const { name: pod, namespace = '', uid = '' } = this.#options.pod().metadata;
          const labels = { probe_type: type, result: results[outcome], container: container.name };
          context.probes.add({ ...labels, pod, namespace, pod_uid: uid });
        },
        unhealthy: (message) => {
          if (!current() || this.quiet) return;
          recordOf(context, this.#options.pod(), container.name, 'Warning', 'Unhealthy', message);
        },
      },
    });
  }

  unwatch(id: string): void {
    this.#probes.get(id)?.stop();
    this.#probes.delete(id);
  }

  stop(): void {
    for (const id of [...this.#probes.keys()]) this.unwatch(id);
  }

  target(container: Container, containerId: string): ProbeTarget {
    const { context, observed, pod } = this.#options;
    const around = { runtime: context.runtime, ...(context.dial ? { dial: context.dial } : {}) };
    const ips = pod().spec?.hostNetwork ? context.hostIps : (observed.sandboxes[0]?.ips ?? []);
    return { container, containerId, ip: ips[0] ?? '127.0.0.1', ...around };
  }

  /** The hook that follows a start; a container whose hook fails is ended. */
  async afterStart(container: Container, id: string): Promise<boolean> {
    const hook = container.lifecycle?.postStart;
    if (!hook) return true;
    const failed = await runHook(hook, this.target(container, id), longestHook);
    if (failed === undefined) return true;
    const { context, memory, pod } = this.#options;
    recordOf(context, pod(), container.name, 'Warning', 'FailedPostStartHook', 'PostStartHook failed');
    memoryOf(memory, container.name).killWith = 'FailedPostStartHook';
    return false;
  }

  /**
   * Hook, signal, and after the grace the end by force. `turn` is what has to end before: the hook does not wait for it, the signal does, for as
   * long as there is time.
   */
  async end(
    container: Container,
    id: string,
    grace: GracePeriod,
    message: string,
    turn?: Promise<unknown>,
  ): Promise<void> {
    const { context, pod } = this.#options;
    recordOf(context, pod(), container.name, 'Normal', 'Killing', message);
    this.unwatch(id);
    const hook = grace.left > 0 ? container.lifecycle?.preStop : undefined;
    if (hook) {
      const failed = await grace.bound(runHook(hook, this.target(container, id), grace.left));
      if (failed !== undefined) {
        recordOf(context, pod(), container.name, 'Warning', 'FailedPreStopHook', 'PreStopHook failed');
      }
    }
    const waits = turn !== undefined && grace.left > 0;
    if (waits) await grace.bound(turn);
    this.#stopping.add(id);
    try {
      // After what took all the time, the process still gets a moment to end by itself.
      await context.runtime.stopContainer(id, Math.max(grace.left, hook || waits ? leastGrace : 0));
    } finally {
      this.#stopping.delete(id);
    }
  }

  /** Processes that were told to end get no more than this. */
  async hurry(seconds: number): Promise<void> {
    // The runtime takes the shorter of two graces.
    await Promise.all([...this.#stopping].map((id) => this.#options.context.runtime.stopContainer(id, seconds)));
  }
}

/** Seconds. */
const leastGrace = 2;
const longestHook = 600;

/** What a check that could not be made proves nothing about is unknown. */
const results = { success: 'successful', failure: 'failed', error: 'unknown' } as const;

function note(memory: ContainerMemory, news: Partial<ContainerMemory>, changed: () => void): void {
  const before = JSON.stringify(memory);
  Object.assign(memory, news);
  if (JSON.stringify(memory) !== before) changed();
}
