import type { Container, Pod } from '@berth/kube/objects';
import { containerHash } from './hash.ts';
import { isPausing, longestBackoff, longestRetry, type PodMemory, resizeRetry } from './memory.ts';
import { marks, newestOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { type Changes, changesOf, needsRestart } from './resize/changes.ts';
import { restartsAfter } from './restart-policy.ts';
import { ephemeralContainers } from './sandbox-config.ts';

export type Step =
  | { type: 'terminate' }
  | { type: 'remove' }
  | { type: 'release' }
  | { type: 'fail'; reason: string; message: string }
  | { type: 'stop-sandbox'; id: string }
  | { type: 'mount-volumes' }
  | { type: 'create-sandbox'; attempt: number; changed: boolean }
  | { type: 'start'; container: Container; kind: ContainerKind; attempt: number; leftover?: string }
  /** `replaces`: it is to be started again whatever the pod's policy says, for other resources. */
  | { type: 'kill'; container: Container; id: string; message: string; replaces?: true }
  | { type: 'resize'; changes: Changes };

export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral';

export interface Plan {
  steps: Step[];
  /** Containers that wait for their back-off, with its length in milliseconds. */
  backoffs: Map<string, number>;
  /** When to look again although nothing happens. */
  wakeAt?: number;
}

/**
 * What is to be done for a pod, in order; a step that fails ends the round. Pure: the same pod, observation, memory
 * and time give the same plan. `terminate` ends all containers and sandboxes, `release` gives back what a pod that
 * ended had on the disk, `remove` takes the pod out of the API.
 */
export function plan(pod: Pod, observed: ObservedPod, memory: PodMemory, now: number): Plan {
  const planner = new Planner(pod, observed, memory, now);
  planner.run();
  return planner.result;
}

class Planner {
  readonly result: Plan = { steps: [], backoffs: new Map() };
  private readonly pod: Pod;
  private readonly observed: ObservedPod;
  private readonly memory: PodMemory;
  private readonly now: number;

  constructor(pod: Pod, observed: ObservedPod, memory: PodMemory, now: number) {
    this.pod = pod;
    this.observed = observed;
    this.memory = memory;
    this.now = now;
  }

  run(): void {
    const { pod, observed, memory } = this;
    const alive = observed.sandboxes.some((sandbox) => sandbox.ready) || observed.containers.some(isRunning);
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.step(alive ? { type: 'terminate' } : { type: 'remove' });
      return;
    }
    if (memory.failed || isTerminal(pod)) {
      if (alive) this.step({ type: 'terminate' });
      else if (!memory.released) this.step({ type: 'release' });
      return;
    }
    if (this.pastDeadline()) return;
    if (this.hasFinished()) {
      if (observed.containers.some(isRunning)) this.step({ type: 'terminate' });
      else for (const { id, ready } of observed.sandboxes) if (ready) this.step({ type: 'stop-sandbox', id });
      return;
    }
    if (memory.retryAt !== undefined && isPausing(memory.retryAt, longestRetry, this.now)) {
      this.wake(memory.retryAt);
      return;
    }
    if (!memory.mounted) this.step({ type: 'mount-volumes' });
    const [sandbox] = observed.sandboxes;
    if (!sandbox?.ready) {
      const attempt = sandbox ? sandbox.metadata.attempt + 1 : 0;
      this.step({ type: 'create-sandbox', attempt, changed: sandbox !== undefined });
    }
    if (sandbox?.ready) this.ephemeral();
    const { steps } = this.result;
    const at = steps.length;
    this.containers(sandbox?.ready ? sandbox.id : undefined);
    if (sandbox?.ready) steps.splice(at, 0, ...this.resize(steps.slice(at)));
  }

  private containers(sandboxId: string | undefined): void {
    const spec = this.pod.spec;
    const main = spec?.containers ?? [];
    const begun = main.some((container) => newestOf(this.observed, container.name)?.sandboxId === sandboxId);
    if (!this.initContainers(sandboxId, begun && sandboxId !== undefined)) return;
    for (const container of main) this.container(container, 'main', sandboxId);
  }

  /**
   * Once those have ended that need a restart, so that the pod's cgroup is fitted in one go. For one that was replaced it is fitted when
   * another starts: while that pauses there is nothing to do.
   */
  private resize(next: readonly Step[]): Step[] {
    const changes = changesOf(this.pod, this.observed);
    const { restarts, updates } = changes;
    const replaces = next.some(
      (step) => step.type === 'start' && newestOf(this.observed, step.container.name)?.replaced,
    );
    const isDue = replaces || updates.cpu.length > 0 || updates.memory.length > 0;
    if (restarts.length > 0 || !isDue) return [];
    const { resizeAt } = this.memory;
    if (resizeAt === undefined || !isPausing(resizeAt, resizeRetry, this.now)) return [{ type: 'resize', changes }];
    this.wake(resizeAt);
    return [];
  }

  /** Started as soon as there is a sandbox, whatever the others do, and never again. */
  private ephemeral(): void {
    for (const container of ephemeralContainers(this.pod)) {
      const newest = newestOf(this.observed, container.name);
      if (!newest) this.start(container, 'ephemeral', 0);
      else if (newest.state === 'created' || newest.state === 'unknown') {
        this.start(container, 'ephemeral', newest.attempt, newest.id);
      }
    }
  }

  /** Whether the main containers may run. */
  private initContainers(sandboxId: string | undefined, begun: boolean): boolean {
    for (const container of this.pod.spec?.initContainers ?? []) {
      const newest = newestOf(this.observed, container.name);
      const current = newest?.sandboxId === sandboxId ? newest : undefined;
      if (container.restartPolicy === 'Always') {
        this.container(container, 'sidecar', sandboxId);
        const started = current?.state === 'running' && this.memory.containers.get(container.name)?.started === true;
        if (!started && !begun) return false;
        continue;
      }
      if (begun) continue;
      if (current?.state === 'exited' && current.exitCode === 0) continue;
      if (current?.state === 'running') this.container(container, 'init', sandboxId);
      // In a new sandbox the initialisation is done again, whatever the earlier one brought.
      else if (!current && newest?.state === 'exited') this.start(container, 'init', newest.attempt + 1);
      else this.container(container, 'init', sandboxId);
      return false;
    }
    return true;
  }

  private container(container: Container, kind: ContainerKind, sandboxId: string | undefined): void {
    const newest = newestOf(this.observed, container.name);
    if (!newest) {
      this.start(container, kind, 0);
      return;
    }
    if (newest.state === 'running' && newest.sandboxId === sandboxId) {
      const memory = this.memory.containers.get(container.name);
      const message = memory?.id === newest.id ? memory.killWith : undefined;
      if (message !== undefined) this.step({ type: 'kill', container, id: newest.id, message });
      else if (newest.annotations[marks.containerHash] !== containerHash(container)) {
        const changed = `Container ${container.name} definition changed, will be restarted`;
        this.step({ type: 'kill', container, id: newest.id, message: changed });
      } else if (kind !== 'init' && needsRestart(container, newest)) {
        const message = `Container ${container.name} resize requires restart`;
        this.step({ type: 'kill', container, id: newest.id, message, replaces: true });
      }
      return;
    }
    if (newest.state === 'created' || newest.state === 'unknown') {
      this.start(container, kind, newest.attempt, newest.id);
      return;
    }
    if (newest.replaced) {
      this.start(container, kind, newest.attempt + 1);
      return;
    }
    if (!this.restarts(container, kind, newest)) return;
    const backoff = this.memory.containers.get(container.name)?.backoff;
    const restartAt = newest.finishedAt + (backoff ?? 0);
    if (backoff !== undefined && isPausing(restartAt, backoff, this.now) && ranFor(newest) < 600_000) {
      this.result.backoffs.set(container.name, backoff);
      this.wake(restartAt);
      return;
    }
    this.start(container, kind, newest.attempt + 1);
  }

  private start(container: Container, kind: ContainerKind, attempt: number, leftover?: string): void {
    const failure = this.memory.containers.get(container.name)?.failure;
    if (failure && isPausing(failure.retryAt, longestBackoff, this.now)) {
      this.wake(failure.retryAt);
      return;
    }
    this.step({ type: 'start', container, kind, attempt, ...(leftover === undefined ? {} : { leftover }) });
  }

  private restarts(container: Container, kind: ContainerKind, ended: ObservedContainer): boolean {
    return kind === 'sidecar' || ended.replaced === true || restartsAfter(this.pod, container, ended.exitCode);
  }

  /** Whether every main container has ended for good, or an init container failed that is not tried again. */
  private hasFinished(): boolean {
    const { observed } = this;
    const over = (container: Container, kind: ContainerKind) => {
      const newest = newestOf(observed, container.name);
      return newest?.state === 'exited' && !this.restarts(container, kind, newest);
    };
    const failedInit = (this.pod.spec?.initContainers ?? []).some((container) => {
      if (container.restartPolicy === 'Always') return false;
      const newest = newestOf(observed, container.name);
      return newest?.state === 'exited' && newest.exitCode !== 0 && over(container, 'init');
    });
    const main = this.pod.spec?.containers ?? [];
    return failedInit || (main.length > 0 && main.every((container) => over(container, 'main')));
  }

  private pastDeadline(): boolean {
    const seconds = this.pod.spec?.activeDeadlineSeconds;
    const startTime = this.pod.status?.startTime;
    if (seconds === undefined || seconds === null || startTime === undefined) return false;
    const end = Date.parse(startTime) + Number(seconds) * 1000;
    if (end > this.now) {
      this.wake(end);
      return false;
    }
    const message = 'Pod was active on the node longer than the specified deadline';
    this.step({ type: 'fail', reason: 'DeadlineExceeded', message });
    return true;
  }

  private step(step: Step): void {
    this.result.steps.push(step);
  }

  private wake(at: number): void {
    this.result.wakeAt = Math.min(this.result.wakeAt ?? Number.POSITIVE_INFINITY, at);
  }
}

const isRunning = (container: ObservedContainer): boolean => container.state === 'running';

/** Milliseconds; one that could not be started has an end without a beginning, and ran for none. */
export const ranFor = ({ startedAt, finishedAt }: ObservedContainer): number =>
  startedAt > 0 ? finishedAt - startedAt : 0;

/** A pod that reached its end never leaves it. */
export const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
