import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isBerthError } from '@berth/kube/errors';
import { type Container, type Pod, resources } from '@berth/kube/objects';
import { type ContainerProbes, startProbes } from '../probes/index.ts';
import { removeCgroup } from '../runtime/containerd/index.ts';
import type { SandboxConfig } from '../runtime/types.ts';
import { mountVolumes, type PayloadSources, refreshVolumes, removeVolumes } from '../volumes/index.ts';
import { weighPod } from './cgroup.ts';
import type { NodeContext } from './context.ts';
import { runHook } from './hooks.ts';
import { memoryOf, nextBackoff, type PodMemory } from './memory.ts';
import { newestOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { isTerminal, type Plan, plan, ranFor, type Step } from './plan.ts';
import { cgroupParentOf } from './resources.ts';
import { allContainers, logDirectoryOf, sandboxConfig } from './sandbox-config.ts';
import { failureOf, StartError, startContainer } from './start-container.ts';
import { podStatus } from './status.ts';
import { terminationMessage } from './termination-message.ts';
import { type PodTokens, podTokens } from './tokens.ts';

type StepOf<T extends Step['type']> = Extract<Step, { type: T }>;

/** Brings one pod to what its object says and keeps it there; reports its status. One round at a time. */
export class PodWorker {
  readonly #context: NodeContext;
  #pod: Pod;
  readonly #observed: ObservedPod;
  readonly #memory: PodMemory = { containers: new Map(), mounted: false };
  readonly #tokens: PodTokens;
  #waiters: { id: string; resolve(): void }[] = [];
  readonly #probes = new Map<string, ContainerProbes>();
  #backoffs: ReadonlyMap<string, number> = new Map();
  #running = false;
  #again = false;
  #over = false;
  #removed = false;
  #terminating = false;
  #retryDelay = 500;
  #wake: NodeJS.Timeout | undefined;
  #renewal: NodeJS.Timeout | undefined;
  /** As it should be in the API, and as it is there as far as we wrote it. */
  #status: Pod['status'];
  #written: Pod['status'];
  #publishing: Promise<void> = Promise.resolve();
  readonly #finished: () => void;

  constructor(options: { context: NodeContext; pod: Pod; observed: ObservedPod; finished(): void }) {
    this.#context = options.context;
    this.#pod = options.pod;
    this.#status = options.pod.status;
    this.#written = options.pod.status;
    this.#observed = options.observed;
    this.#finished = options.finished;
    this.#tokens = podTokens(options.context.client, options.pod, options.context.now);
    this.#adopt();
  }

  get pod(): Pod {
    return this.#pod;
  }

  get observed(): ObservedPod {
    return this.#observed;
  }

  /** Containers that ran before this agent: what was true of them stays true until a probe says otherwise. */
  #adopt(): void {
    const known = [...(this.#status?.containerStatuses ?? []), ...(this.#status?.initContainerStatuses ?? [])];
    for (const container of allContainers(this.#pod)) {
      const newest = newestOf(this.#observed, container.name);
      if (!newest) continue;
      const before = known.find((status) => status.containerID?.endsWith(newest.id));
      const memory = memoryOf(this.#memory, container.name);
      if (newest.attempt > 0) memory.backoff = 10_000;
      if (newest.state !== 'running') continue;
      memory.id = newest.id;
      memory.started = before?.started === true;
      memory.ready = before?.ready === true;
      this.#probe(container, newest);
    }
  }

  /** Resolves when the container has ended. */
  ended(id: string): Promise<void> {
    const container = this.#observed.containers.find((found) => found.id === id);
    if (container?.state !== 'running') return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ id, resolve }));
  }

  /** Why a container is not running: the reason of its waiting state. */
  waitingReason(name: string): string | undefined {
    const all = [...(this.#status?.containerStatuses ?? []), ...(this.#status?.initContainerStatuses ?? [])];
    return all.find((status) => status.name === name)?.state?.waiting?.reason;
  }

  /** The pod's object changed. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    const grace = pod.metadata.deletionGracePeriodSeconds;
    if (this.#terminating && grace !== undefined && grace !== before.metadata.deletionGracePeriodSeconds) {
      // A second deletion asked for a shorter grace: the runtime takes the shorter of the two.
      for (const { id, state } of this.#observed.containers) {
        if (state === 'running') this.#quietly(this.#context.runtime.stopContainer(id, grace));
      }
    }
    const same =
      before.metadata.generation === pod.metadata.generation &&
      before.metadata.deletionTimestamp === pod.metadata.deletionTimestamp &&
      pod.metadata.generation !== undefined;
    if (describes(before) !== describes(pod)) this.refresh();
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

  /** Something happened to one of the pod's containers or sandboxes. */
  async notice(id: string): Promise<void> {
    const { runtime } = this.#context;
    const container = this.#observed.containers.find((found) => found.id === id);
    if (container) {
      const status = await runtime.containerStatus(id).catch(() => undefined);
      if (status && container.state !== 'exited') {
        Object.assign(container, status);
        if (status.state === 'exited') await this.#noteEnd(container);
      } else if (!status && container.state === 'running') {
        container.state = 'exited';
        container.finishedAt = this.#context.now();
        container.exitCode = 137;
        container.reason = 'ContainerStatusUnknown';
        container.message = 'The container could not be located when the pod was terminated';
        await this.#noteEnd(container);
      }
    }
    const sandbox = this.#observed.sandboxes.find((found) => found.id === id);
    if (sandbox) sandbox.ready = (await runtime.sandboxStatus(id).catch(() => undefined))?.ready ?? false;
    if (container || sandbox) this.kick();
  }

  async #noteEnd(container: ObservedContainer): Promise<void> {
    this.#probes.get(container.id)?.stop();
    this.#probes.delete(container.id);
    for (const { id, resolve } of this.#waiters) if (id === container.id) resolve();
    this.#waiters = this.#waiters.filter(({ id }) => id !== container.id);
    const message = this.#context.processes ? await terminationMessage(container) : '';
    if (message !== '') container.message = message;
  }

  /** Volumes made of objects are written anew, and what failed for want of an object is tried at once. */
  refresh(): void {
    for (const memory of this.#memory.containers.values()) {
      if (memory.failure) memory.failure.retryAt = 0;
    }
    delete this.#memory.retryAt;
    if (this.#memory.mounted && this.#context.processes)
      this.#quietly(refreshVolumes(this.#pod, this.#context.directories, this.#sources()));
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

  /** Ends the watch over the pod; what runs goes on. */
  release(): void {
    this.#over = true;
    clearTimeout(this.#wake);
    clearTimeout(this.#renewal);
    for (const probes of this.#probes.values()) probes.stop();
  }

  async #rounds(): Promise<void> {
    const { now, logger } = this.#context;
    while (this.#again && !this.#over) {
      this.#again = false;
      const pod = this.#pod;
      try {
        const next = plan(this.#withStatus(), this.#observed, this.#memory, now());
        this.#note(next);
        this.#publish();
        for (const step of next.steps) {
          await this.#perform(step);
          if (this.#over) return;
          this.#again = true;
          // A pod that is to go does not get the rest of what it no longer needs.
          if (this.#pod.metadata.deletionTimestamp !== undefined && step.type !== 'terminate') break;
        }
        this.#publish();
      } catch (error) {
        if (!isBerthError(error)) logger.error({ err: error, pod: pod.metadata.name }, 'a pod step failed');
        this.#memory.retryAt = now() + this.#retryDelay;
        this.#retryDelay = Math.min(this.#retryDelay * 2, 30_000);
        // A deletion meanwhile is not held up by what failed.
        this.#again = this.#pod !== pod;
        this.#sleep(this.#memory.retryAt);
      }
    }
  }

  #note(next: Plan): void {
    const { recorder } = this.#context;
    const { name, namespace, uid } = this.#pod.metadata;
    for (const container of next.backoffs.keys()) {
      if (this.#backoffs.has(container)) continue;
      const message = `Back-off restarting failed container ${container} in pod ${name}_${namespace}(${uid})`;
      recorder.record(this.#pod, 'Warning', 'BackOff', message);
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
        return this.#mount();
      case 'create-sandbox':
        return this.#createSandbox(step);
      case 'start':
        return this.#start(step);
      case 'kill':
        return this.#kill(step);
      case 'stop-sandbox':
        return this.#stopSandbox(step.id);
      case 'terminate':
        return this.#terminate();
      case 'remove':
        return this.#remove();
      case 'fail':
        this.#memory.failed = { reason: step.reason, message: step.message };
        this.#context.recorder.record(this.#pod, 'Normal', step.reason, step.message);
        return Promise.resolve();
    }
  }

  #sources(): PayloadSources {
    const { references, services, hostIps, allocatable } = this.#context;
    return {
      configMap: (name) => references.configMap(this.#pod, name),
      secret: (name) => references.secret(this.#pod, name),
      services: () => services(this.#pod.metadata.namespace ?? ''),
      podIps: this.#observed.sandboxes[0]?.ips ?? [],
      hostIps,
      allocatable,
      token: (request) => this.#tokens.get(request),
    };
  }

  async #mount(): Promise<void> {
    const { directories, processes, recorder } = this.#context;
    try {
      if (processes) await mountVolumes(this.#pod, directories, this.#sources());
    } catch (error) {
      recorder.record(this.#pod, 'Warning', 'FailedMount', error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.#memory.mounted = true;
    this.#renewTokens();
  }

  #renewTokens(): void {
    clearTimeout(this.#renewal);
    const at = this.#tokens.nextRenewal();
    if (at === undefined || this.#over) return;
    const renew = async () => {
      await refreshVolumes(this.#pod, this.#context.directories, this.#sources()).catch(() => undefined);
      this.#renewTokens();
    };
    // Not sooner than a minute: a renewal that failed is tried again, not hammered.
    this.#renewal = setTimeout(() => void renew(), Math.max(at - this.#context.now(), 60_000));
    this.#renewal.unref();
  }

  #sandboxConfig(attempt: number): SandboxConfig {
    return sandboxConfig(this.#pod, attempt, this.#context.around);
  }

  async #createSandbox(step: StepOf<'create-sandbox'>): Promise<void> {
    const { runtime, recorder } = this.#context;
    if (step.changed) {
      const message = 'Pod sandbox changed, it will be killed and re-created.';
      recorder.record(this.#pod, 'Normal', 'SandboxChanged', message);
      for (const sandbox of this.#observed.sandboxes) {
        await runtime.stopSandbox(sandbox.id);
        sandbox.ready = false;
      }
      for (const container of this.#observed.containers) {
        if (container.state === 'running') await this.notice(container.id);
      }
    }
    try {
      const id = await runtime.runSandbox(this.#sandboxConfig(step.attempt));
      this.#observed.sandboxes.unshift(await runtime.sandboxStatus(id));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      recorder.record(this.#pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${why}`);
      throw error;
    }
    delete this.#memory.retryAt;
    this.#retryDelay = 500;
    if (this.#context.processes) this.#quietly(weighPod(this.#pod, this.#context.around.instance));
    // Of the sandboxes before, only the newest tells something.
    for (const old of this.#observed.sandboxes.splice(2)) this.#quietly(runtime.removeSandbox(old.id));
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
    const ended = newestOf(this.#observed, container.name);
    const options = { context, pod: this.#pod, container, attempt, sandbox, memory };
    let id: string;
    try {
      id = await startContainer({ ...options, sandboxConfig: this.#sandboxConfig(sandbox.metadata.attempt) });
      delete memory.failure;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      memory.failure = failureOf(error, now(), memory.failure);
      if (error.id === undefined) {
        this.#sleep(memory.failure.retryAt);
        return;
      }
      id = error.id;
    }
    if (ended?.state === 'exited') memory.backoff = nextBackoff(memory.backoff, ranFor(ended));
    const status: ObservedContainer = { ...(await runtime.containerStatus(id)), sandboxId: sandbox.id };
    this.#observed.containers.unshift(status);
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
    const postStart = container.lifecycle?.postStart;
    if (postStart) {
      this.#publish();
      const failed = await runHook(postStart, this.#target(container, status.id), 600);
      if (failed !== undefined) {
        this.#context.recorder.record(this.#pod, 'Warning', 'FailedPostStartHook', `PostStartHook failed: ${failed}`);
        memoryOf(this.#memory, container.name).killWith = 'FailedPostStartHook';
        return;
      }
    }
    if (status.state === 'running') this.#probe(container, status);
    // An end between the start and the reading of the status has been told before anybody knew the id.
    else if (status.state === 'exited') await this.#noteEnd(status);
  }

  #target(container: Container, containerId: string) {
    const { runtime, hostIps } = this.#context;
    const podIp = this.#observed.sandboxes[0]?.ips[0] ?? '127.0.0.1';
    return { container, containerId, ip: this.#pod.spec?.hostNetwork ? (hostIps[0] ?? '127.0.0.1') : podIp, runtime };
  }

  #probe(container: Container, status: ObservedContainer): void {
    const memory = memoryOf(this.#memory, container.name);
    const { recorder, now } = this.#context;
    const current = () => !this.#over && memory.id === status.id;
    const probed = this.#context.processes ? container : { name: container.name };
    const probes = startProbes({
      ...this.#target(probed, status.id),
      startedAt: status.startedAt,
      known: { started: memory.started, ready: memory.ready },
      now,
      listener: {
        started: () => {
          if (!current() || memory.started) return;
          memory.started = true;
          this.kick();
        },
        ready: (ready) => {
          if (!current() || memory.ready === ready) return;
          memory.ready = ready;
          this.kick();
        },
        kill: (message, grace) => {
          if (!current()) return;
          memory.killWith = message;
          if (grace !== undefined) memory.killGrace = grace;
          this.kick();
        },
        unhealthy: (message) => {
          if (current() && !this.#terminating) recorder.record(this.#pod, 'Warning', 'Unhealthy', message);
        },
      },
    });
    this.#probes.set(status.id, probes);
  }

  #dropOldAttempts(name: string): void {
    const attempts = this.#observed.containers.filter((container) => container.name === name);
    for (const old of attempts.slice(2)) {
      if (old.state !== 'exited') continue;
      this.#forget(old.id);
      this.#quietly(this.#context.runtime.removeContainer(old.id));
      this.#quietly(rm(old.logPath, { force: true }));
    }
  }

  #forget(id: string): void {
    const index = this.#observed.containers.findIndex((container) => container.id === id);
    if (index >= 0) this.#observed.containers.splice(index, 1);
  }

  async #kill(step: StepOf<'kill'>): Promise<void> {
    const memory = memoryOf(this.#memory, step.container.name);
    const grace = memory.killGrace ?? this.#specGrace();
    await this.#stopContainer(step.container, step.id, grace, step.message);
  }

  #specGrace(): number {
    return Number(this.#pod.spec?.terminationGracePeriodSeconds ?? 30);
  }

  async #stopContainer(container: Container, id: string, grace: number, message: string): Promise<void> {
    const { recorder, runtime, now } = this.#context;
    recorder.record(this.#pod, 'Normal', 'Killing', message);
    this.#probes.get(id)?.stop();
    this.#probes.delete(id);
    const deadline = now() + grace * 1000;
    const preStop = container.lifecycle?.preStop;
    if (preStop && grace > 0) {
      const failed = await runHook(preStop, this.#target(container, id), grace);
      if (failed !== undefined)
        recorder.record(this.#pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${failed}`);
    }
    // After a hook that took all the time, the process still gets a moment to end by itself.
    const left = Math.ceil((deadline - now()) / 1000);
    await runtime.stopContainer(id, preStop && grace > 0 ? Math.max(left, 2) : Math.max(left, 0));
    await this.notice(id);
  }

  async #stopSandbox(id: string): Promise<void> {
    await this.#context.runtime.stopSandbox(id);
    await this.notice(id);
  }

  async #terminate(): Promise<void> {
    this.#terminating = true;
    const grace = Number(this.#pod.metadata.deletionGracePeriodSeconds ?? this.#specGrace());
    const wasReady = this.#status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    const end = async (containers: readonly Container[]) => {
      await Promise.all(
        containers.map(async (container) => {
          const running = this.#observed.containers.filter(
            (found) => found.name === container.name && found.state === 'running',
          );
          for (const { id } of running) {
            await this.#stopContainer(container, id, grace, `Stopping container ${container.name}`);
          }
        }),
      );
    };
    if (wasReady && grace > drainMs / 1000) await delay(drainMs);
    await end(this.#pod.spec?.containers ?? []);
    // Sidecars serve the others to their end; the last begun goes first.
    for (const sidecar of (this.#pod.spec?.initContainers ?? []).toReversed()) await end([sidecar]);
    for (const { id, ready } of this.#observed.sandboxes) if (ready) await this.#stopSandbox(id);
    for (const { id, state } of this.#observed.containers) if (state === 'running') await this.notice(id);
    this.#terminating = false;
  }

  async #remove(): Promise<void> {
    const { client } = this.#context;
    const { namespace = '', name, uid } = this.#pod.metadata;
    this.#publish();
    await this.#publishing;
    if (!this.#removed) {
      try {
        await client.delete(
          resources.pods,
          { namespace, name },
          { gracePeriodSeconds: 0, preconditions: uid === undefined ? {} : { uid } },
        );
      } catch (error) {
        if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
      }
    }
    this.release();
    await this.#cleanUp();
    this.#finished();
  }

  async #cleanUp(): Promise<void> {
    const { runtime, directories, references, around, processes, logger } = this.#context;
    const uid = this.#pod.metadata.uid ?? '';
    references.release(uid);
    try {
      for (const { id } of this.#observed.containers) await runtime.removeContainer(id);
      for (const { id } of this.#observed.sandboxes) {
        await runtime.stopSandbox(id);
        await runtime.removeSandbox(id);
      }
      await removeVolumes(uid, directories);
      await rm(logDirectoryOf(this.#pod, around.podLogs), { recursive: true, force: true });
      if (processes) await removeCgroup(cgroupParentOf(this.#pod, around.instance));
    } catch (error) {
      logger.warn({ err: error, pod: this.#pod.metadata.name }, 'what a pod left could not be removed whole');
    }
  }

  /** The pod with our own latest status, and what others have written to theirs since. */
  #withStatus(): Pod {
    const own = this.#status;
    if (!own) return this.#pod;
    const types = new Set(ownConditionTypes);
    const theirs = (this.#pod.status?.conditions ?? []).filter((condition) => !types.has(condition.type));
    const ours = (own.conditions ?? []).filter((condition) => types.has(condition.type));
    return { ...this.#pod, status: { ...own, conditions: [...ours, ...theirs] } };
  }

  /** Writes the status when it differs from the one written last. Does not wait. */
  #publish(): void {
    if (this.#removed) return;
    const { client, hostIps, runtime, now, logger } = this.#context;
    const pod = this.#withStatus();
    const status = podStatus({
      pod,
      observed: this.#observed,
      memory: this.#memory,
      backoffs: this.#backoffs,
      hostIps,
      runtimeName: runtime.name,
      now: now(),
    });
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    if (isTerminal({ ...pod, status }) !== isTerminal(pod)) this.#again = true;
    const { namespace = '', name, uid } = pod.metadata;
    this.#publishing = this.#publishing.then(async () => {
      // A newer one is on its way.
      if (this.#status !== status) return;
      const body = { metadata: { uid }, status: patchOf(status, this.#written) };
      try {
        await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
        this.#written = status;
      } catch (error) {
        if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict')) return;
        logger.warn({ err: error, pod: name }, 'the status of a pod could not be written');
        if (this.#status === status) this.#status = this.#written;
        this.#sleep(now() + 1000);
      }
    });
  }

  #quietly(work: Promise<unknown>): void {
    work.catch((error) => this.#context.logger.debug({ err: error }, 'left for the next round'));
  }
}

/**
 * A pod that served is taken out of the service rules when it is deleted; its processes are told to end this much later,
 * so that no connection meets a port that was just closed.
 */
const drainMs = 300;

/** What the downward API shows of the metadata. */
const describes = ({ metadata }: Pod): string => JSON.stringify([metadata.labels, metadata.annotations]);

const ownConditionTypes = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];

/** Lists that a strategic merge would join are replaced, fields that are gone are taken out. */
function patchOf(status: NonNullable<Pod['status']>, before: Pod['status']): Record<string, unknown> {
  const body: Record<string, unknown> = { ...status };
  for (const field of ['podIP', 'podIPs', 'reason', 'message'] as const) {
    if (before?.[field] !== undefined && status[field] === undefined) body[field] = null;
  }
  // Joined by type: what a condition no longer says must be taken out of it.
  body.conditions = (status.conditions ?? []).map((condition) => {
    const old = before?.conditions?.find((found) => found.type === condition.type);
    return {
      ...(old?.reason === undefined ? {} : { reason: null }),
      ...(old?.message === undefined ? {} : { message: null }),
      ...condition,
    };
  });
  for (const field of ['podIPs', 'hostIPs'] as const) {
    if (status[field] && before?.[field]) body[field] = [{ $patch: 'replace' }, ...status[field]];
  }
  return body;
}
