import { isBerthError } from '@berth/kube/errors';
import type { Container, Pod } from '@berth/kube/objects';
import type { Rejection } from '../../scheduler/index.ts';
import type { Eviction } from '../eviction/index.ts';
import { removeLog } from '../logs/index.ts';
import type { SandboxConfig } from '../runtime/types.ts';
import { releaseVolumes } from '../volumes/index.ts';
import { observeAgain } from './adopt.ts';
import { fitPodCgroup } from './cgroup.ts';
import { cleanUp, deleteFromApi, discard } from './clean-up.ts';
import { recordOf } from './container-events.ts';
import type { NodeContext } from './context.ts';
import { createSandbox } from './create-sandbox.ts';
import { Ends } from './ends.ts';
import { longestRetry, memoryOf, nextBackoff, type PodMemory, resizeRetry } from './memory.ts';
import { agentMark, newestOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { isTerminal, type Plan, plan, ranFor, type Step } from './plan.ts';
import { PodVolumes } from './pod-volumes.ts';
import { actuate, PodResize, ResizeError, type Resizing, widenPodCgroup } from './resize/index.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { failureOf, StartError, startContainer } from './start-container.ts';
import { StatusWriter } from './status-writer.ts';
import { Supervision } from './supervision.ts';
import { Termination } from './termination.ts';
import { withLastWords } from './termination-message.ts';

type StepOf<T extends Step['type']> = Extract<Step, { type: T }>;

/** Brings one pod to what its object says and keeps it there; reports its status. One round at a time. */
export class PodWorker {
  readonly #context: NodeContext;
  /** With the resources that the node has admitted. */
  #pod: Pod;
  readonly #observed: ObservedPod;
  readonly #memory: PodMemory = { containers: new Map(), mounted: false };
  readonly #volumes: PodVolumes;
  #backoffs: ReadonlyMap<string, number> = new Map();
  #running = false;
  #again = false;
  #over = false;
  #removed = false;
  #retryDelay = firstRetry;
  /** What we believe to be there may not be all. */
  #unsure = false;
  #wake: NodeJS.Timeout | undefined;
  readonly #status: StatusWriter;
  readonly #supervision: Supervision;
  readonly #ends: Ends;
  readonly #termination: Termination;
  readonly #resize: PodResize;
  readonly #told: () => void;
  readonly #finished: () => void;

  readonly #released = Promise.withResolvers<void>();

  /** `refused`: why the node does not take the pod. `told`: something new stands in the status. */
  constructor(options: {
    context: NodeContext;
    pod: Pod;
    observed: ObservedPod;
    refused?: Rejection;
    told(): void;
    finished(): void;
  }) {
    this.#context = options.context;
    const { recorder, now, resizes: records } = options.context;
    this.#resize = new PodResize({ pod: options.pod, observed: options.observed, records, recorder, now });
    this.#pod = this.#resize.pod;
    this.#told = options.told;
    const again = () => this.#sleep(options.context.now() + 1000);
    this.#status = new StatusWriter(options.context, options.pod, again);
    this.#observed = options.observed;
    this.#finished = options.finished;
    this.#volumes = new PodVolumes(options.context, () => this.#pod, this.#observed);
    const parts = { context: options.context, pod: () => this.#pod, observed: options.observed };
    this.#supervision = new Supervision({ ...parts, memory: this.#memory, changed: () => this.kick() });
    this.#supervision.adopt(options.pod.status);
    this.#ends = new Ends({
      ...parts,
      supervision: this.#supervision,
      isTerminating: () => this.#termination.isUnderWay,
      isOver: () => this.#over,
      changed: () => this.kick(),
    });
    this.#termination = new Termination({
      ...parts,
      memory: this.#memory,
      supervision: this.#supervision,
      status: () => this.#status.status,
      notice: (id) => this.notice(id),
    });
    const { refused } = options;
    if (refused === undefined) return;
    const { reason, message } = refused;
    this.#memory.failed = { reason, message: `Pod was rejected: ${message}`, refused: true };
    options.context.recorder.record(options.pod, 'Warning', reason, message);
  }

  get pod(): Pod {
    return this.#pod;
  }

  get isPendingResize(): boolean {
    return this.#resize.isPending;
  }

  /** For whoever decides about the resizes of all pods of the node. */
  get resizing(): Resizing {
    const status = this.#status.status;
    return {
      resize: this.#resize,
      pod: status ? { ...this.#pod, status } : this.#pod,
      decided: () => {
        const before = this.#pod;
        this.#pod = this.#resize.pod;
        delete this.#memory.resizeAt;
        if (describes(before) !== describes(this.#pod)) this.refresh();
        this.kick();
      },
    };
  }

  get observed(): ObservedPod {
    return this.#observed;
  }

  /** Whether the pod neither has reached its end nor is being brought there by the node. */
  get isActive(): boolean {
    return !this.#over && !this.#removed && !this.#memory.failed && !isTerminal(this.#status.view(this.#pod));
  }

  /** Resolves when a pod that ended has nothing left on the node's disk. */
  get released(): Promise<void> {
    return this.#released.promise;
  }

  /** Resolves when the container has ended. */
  ended(id: string): Promise<void> {
    return this.#ends.of(id);
  }

  /** Why a container is not running: the reason of its waiting state. */
  waitingReason(name: string): string | undefined {
    const { status } = this.#status;
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
    const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
    return all.find((found) => found.name === name)?.state?.waiting?.reason;
  }

  /** The pod's object changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = this.#resize.take(pod);
    const grace = pod.metadata.deletionGracePeriodSeconds;
    if (grace !== undefined && grace !== before.metadata.deletionGracePeriodSeconds)
      this.#quietly(this.#termination.hurry(grace));
    const same =
      before.metadata.generation === pod.metadata.generation &&
      before.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
      pod.metadata.generation !== undefined;
    if (describes(before) !== describes(this.#pod)) this.refresh();
    if (this.#status.contradicts(pod)) this.kick();
    if (!same || pod.status?.phase !== before.status?.phase) this.kick();
  }

  /** The object is gone from the API, by force or because another took its place: end what runs. */
  vanish(): void {
    const { metadata } = this.#pod;
    this.#removed = true;
    this.#pod = {
      ...this.#pod,
      metadata: {
        ...metadata,
        deletionTimestamp: metadata.deletionTimestamp ?? new Date(this.#context.now()).toISOString(),
        deletionGracePeriodSeconds: metadata.deletionGracePeriodSeconds ?? 1,
      },
    };
    this.kick();
  }

  /** Something happened to one of the pod's containers or sandboxes. Rejects while the runtime does not answer. */
  notice(id: string): Promise<void> {
    return this.#ends.notice(id);
  }

  /** Volumes made of objects are written anew, and what failed for want of an object is tried at once. */
  refresh(): void {
    for (const memory of this.#memory.containers.values()) {
      if (memory.failure) memory.failure.retryAt = 0;
    }
    delete this.#memory.retryAt;
    if (this.#memory.mounted) this.#quietly(this.#volumes.refresh());
    this.kick();
  }

  kick(): void {
    if (this.#over) return;
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    void this.#rounds().finally(() => {
      this.#running = false;
    });
  }

  /** Ends the pod for the node's sake, or because it uses more of its disk than it may. */
  evict({ message, grace, disrupted }: Eviction): void {
    if (!this.isActive) return;
    this.#memory.failed = { reason: 'Evicted', message, grace, disrupted };
    this.#context.recorder.record(this.#pod, 'Warning', 'Evicted', message);
    this.#quietly(this.#termination.hurry(grace));
    this.kick();
  }

  /** Removes the containers of a pod that reached its end, with their logs; its status stays. */
  async discard(): Promise<void> {
    const { containers, sandboxes } = this.#observed;
    const alive = containers.some(({ state }) => state === 'running') || sandboxes.some(({ ready }) => ready);
    if (this.#over || alive || !isTerminal(this.#status.view(this.#pod))) return;
    await this.#status.settled;
    await discard(this.#context, this.#pod, this.#observed);
  }

  /** Ends the watch over the pod; what runs goes on. */
  release(): void {
    this.#over = true;
    clearTimeout(this.#wake);
    this.#volumes.stop();
    this.#supervision.stop();
  }

  async #rounds(): Promise<void> {
    const { now, logger } = this.#context;
    while (this.#again && !this.#over) {
      this.#again = false;
      const pod = this.#pod;
      try {
        if (this.#unsure) await this.#look();
        this.#resize.settle();
        const next = plan(this.#status.view(this.#pod), this.#observed, this.#memory, now());
        this.#note(next);
        this.#publish();
        for (const step of next.steps) {
          await this.#perform(step);
          if (this.#over) return;
          this.#again = true;
          // A pod that is to go does not get the rest of what it no longer needs.
          if (this.#pod.metadata.deletionTimestamp !== undefined && step.type !== 'terminate') break;
        }
        if (next.steps.length > 0) this.#retryDelay = firstRetry;
        this.#publish();
      } catch (error) {
        this.#unsure = true;
        if (!isBerthError(error)) logger.error({ err: error, pod: pod.metadata.name }, 'a pod step failed');
        this.#memory.retryAt = now() + this.#retryDelay;
        this.#retryDelay = Math.min(this.#retryDelay * 2, longestRetry);
        // A deletion meanwhile is not held up by what failed.
        this.#again = this.#pod !== pod;
        this.#sleep(this.#memory.retryAt);
      }
    }
  }

  /** A call that failed may have done its work all the same, so what the runtime has is asked for. */
  async #look(): Promise<void> {
    const { runtime, around } = this.#context;
    const mark = agentMark(around.instance, around.nodeName);
    await observeAgain(runtime, mark, this.#pod.metadata.uid ?? '', this.#observed);
    this.#resize.adopt();
    for (const { id, state } of [...this.#observed.containers]) if (state === 'running') await this.notice(id);
    for (const { id, ready } of this.#observed.sandboxes) if (ready) await this.notice(id);
    this.#supervision.adopt(this.#pod.status);
    this.#unsure = false;
  }

  #note(next: Plan): void {
    const { name, namespace, uid } = this.#pod.metadata;
    for (const container of next.backoffs.keys()) {
      if (this.#backoffs.has(container)) continue;
      const message = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
      recordOf(this.#context, this.#pod, container, 'Warning', 'BackOff', message);
    }
    this.#backoffs = next.backoffs;
    clearTimeout(this.#wake);
    if (next.wakeAt !== undefined) this.#sleep(next.wakeAt);
  }

  #sleep(until: number): void {
    clearTimeout(this.#wake);
    const pause = Math.min(Math.max(until - this.#context.now(), 1), 2 ** 31 - 1);
    this.#wake = setTimeout(() => this.kick(), pause);
  }

  #perform(step: Step): Promise<void> {
    switch (step.type) {
      case 'mount-volumes':
        return this.#volumes.mount().then(() => {
          this.#memory.mounted = true;
        });
      case 'create-sandbox':
        return this.#createSandbox(step);
      case 'start':
        return this.#start(step);
      case 'kill':
        return this.#kill(step);
      case 'resize':
        return this.#actuate(step);
      case 'stop-sandbox':
        return this.#termination.stopSandbox(step.id);
      case 'terminate':
        return this.#termination.terminate();
      case 'remove':
        return this.#remove();
      case 'release':
        return this.#release();
      case 'fail':
        this.#memory.failed = { reason: step.reason, message: step.message };
        this.#context.recorder.record(this.#pod, 'Normal', step.reason, step.message);
        return Promise.resolve();
    }
  }

  #sandboxConfig(attempt: number): SandboxConfig {
    return sandboxConfig(this.#pod, attempt, this.#context.around);
  }

  async #createSandbox(step: StepOf<'create-sandbox'>): Promise<void> {
    const ended = (id: string) => this.notice(id);
    const config = () => this.#sandboxConfig(step.attempt);
    await createSandbox({ context: this.#context, pod: this.#pod, observed: this.#observed, step, config, ended });
    delete this.#memory.retryAt;
    if (this.#context.processes) this.#quietly(fitPodCgroup(this.#pod, this.#context.around.instance));
    // Of the sandboxes before, only the newest tells something.
    for (const old of this.#observed.sandboxes.splice(2)) this.#quietly(this.#context.runtime.removeSandbox(old.id));
  }

  async #actuate({ changes }: StepOf<'resize'>): Promise<void> {
    try {
      await this.#resize.kept();
      const options = { context: this.#context, pod: this.#pod, observed: this.#observed, resize: this.#resize };
      await actuate({ ...options, changes });
    } catch (error) {
      if (!(error instanceof ResizeError)) throw error;
      this.#resize.fail(error.message);
      this.#memory.resizeAt = this.#context.now() + resizeRetry;
    }
  }

  async #start(step: StepOf<'start'>): Promise<void> {
    const context = this.#context;
    const { runtime, now } = context;
    const { container, attempt } = step;
    const memory = memoryOf(this.#memory, container.name);
    const [sandbox] = this.#observed.sandboxes;
    if (!sandbox?.ready) return;
    if (step.leftover !== undefined) {
      await runtime.removeContainer(step.leftover);
      this.#forget(step.leftover);
    }
    if (context.processes && this.#resize.wasResized) await widenPodCgroup(this.#pod, context.around.instance);
    const ended = newestOf(this.#observed, container.name);
    const observed = this.#observed;
    const options = { context, pod: this.#pod, container, attempt, sandbox, memory, observed };
    let id: string;
    try {
      id = await startContainer({ ...options, sandboxConfig: this.#sandboxConfig(sandbox.metadata.attempt) });
      delete memory.failure;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      memory.failure = failureOf(error, now(), memory.failure);
      if (error.reason === 'CreateContainerError') this.#unsure = true;
      if (error.id === undefined) {
        this.#sleep(memory.failure.retryAt);
        return;
      }
      id = error.id;
    }
    if (ended?.state === 'exited') memory.backoff = nextBackoff(memory.backoff, ranFor(ended));
    const status: ObservedContainer = {
      ...(await withLastWords(await runtime.containerStatus(id))),
      sandboxId: sandbox.id,
    };
    this.#observed.containers.unshift(status);
    this.#resize.adopt();
    memory.id = id;
    memory.started = false;
    memory.ready = false;
    delete memory.killWith;
    delete memory.killGrace;
    this.#dropOldAttempts(container.name);
    if (memory.failure) {
      // It was created and never ran: as good as ended.
      if (status.state !== 'exited') Object.assign(status, { state: 'exited', exitCode: 128, finishedAt: now() });
      memory.backoff ??= nextBackoff(undefined, 0);
      return;
    }
    await this.#afterStart(container, status);
  }

  async #afterStart(container: Container, status: ObservedContainer): Promise<void> {
    if (container.lifecycle?.postStart) this.#publish();
    if (!(await this.#supervision.afterStart(container, status.id))) return;
    if (status.state === 'running') this.#supervision.watch(container, status);
    // An end between the start and the reading of the status has been told before anybody knew the id.
    else if (status.state === 'exited') this.#ends.note(status);
  }

  #dropOldAttempts(name: string): void {
    const attempts = this.#observed.containers.filter((container) => container.name === name);
    for (const old of attempts.slice(2)) {
      if (old.state !== 'exited') continue;
      this.#forget(old.id);
      this.#quietly(this.#context.runtime.removeContainer(old.id));
      this.#quietly(removeLog(old.logPath));
    }
  }

  #forget(id: string): void {
    const index = this.#observed.containers.findIndex((container) => container.id === id);
    if (index >= 0) this.#observed.containers.splice(index, 1);
  }

  async #kill(step: StepOf<'kill'>): Promise<void> {
    if (step.replaces) await this.#resize.replace(step.id);
    await this.#termination.kill(step.container, step.id, step.message);
  }

  /** Volumes go with the end of a pod; of one that was evicted, everything. */
  async #release(): Promise<void> {
    const { directories, references, processes } = this.#context;
    const { uid = '' } = this.#pod.metadata;
    this.#volumes.stop();
    references.release(uid);
    if (processes) await releaseVolumes(uid, directories);
    if (this.#status.view(this.#pod).status?.reason === 'Evicted') await this.discard();
    this.#memory.released = true;
    this.#released.resolve();
  }

  async #remove(): Promise<void> {
    this.#publish();
    await this.#status.settled;
    if (!this.#removed) await deleteFromApi(this.#context, this.#pod);
    this.release();
    await cleanUp(this.#context, this.#pod, this.#observed);
    this.#released.resolve();
    this.#finished();
  }

  #publish(): void {
    if (this.#removed) return;
    const before = isTerminal(this.#status.view(this.#pod));
    const state = { pod: this.#pod, observed: this.#observed, memory: this.#memory, backoffs: this.#backoffs };
    const status = this.#status.publish({ ...state, resize: this.#resize.conditions });
    if (status) this.#told();
    // A pod that has just reached its end gives its sandbox back.
    if (status && isTerminal({ ...this.#pod, status }) !== before) this.#again = true;
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error) => this.#context.logger.debug({ err: error }, 'left for the next round'));
  }
}

/** Milliseconds until what failed is tried again; twice as long each time, up to half a minute. */
const firstRetry = 500;

/** What the downward API shows in volumes. */
const describes = ({ metadata, spec }: Pod): string =>
  JSON.stringify([metadata.labels, metadata.annotations, spec?.containers.map(({ resources }) => resources)]);
