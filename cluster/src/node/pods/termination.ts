import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Pod } from '@berth/kube/objects';
import type { NodeContext } from './context.ts';
import { GracePeriod } from './grace-period.ts';
import type { PodMemory } from './memory.ts';
import type { ObservedPod } from './observed.ts';
import { ephemeralContainers } from './sandbox-config.ts';
import type { Supervision } from './supervision.ts';

export interface TerminationOptions {
  context: NodeContext;
  pod(): Pod;
  observed: ObservedPod;
  memory: PodMemory;
  supervision: Supervision;
  /** What is told of the pod at present. */
  status(): Pod['status'];
  /** Takes in what became of a container or sandbox. */
  notice(id: string): Promise<void>;
}

/** Ends a pod's containers: one for its restart, or all for good. */
export class Termination {
  readonly #options: TerminationOptions;
  /** Of the pod as a whole; an end that is tried again goes on with the same. */
  #grace: GracePeriod | undefined;
  #isUnderWay = false;

  constructor(options: TerminationOptions) {
    this.#options = options;
  }

  /** Whether the pod as a whole is being ended. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Ends a container with its own grace: the one that a failed probe asks for, or the pod's. */
  async kill(container: Container, id: string, message: string): Promise<void> {
    const { context, memory, supervision, notice } = this.#options;
    const { killGrace } = memory.containers.get(container.name) ?? {};
    await supervision.end(container, id, new GracePeriod(killGrace ?? this.#specGrace(), context.now), message);
    await notice(id);
  }

  async stopSandbox(id: string): Promise<void> {
    const { context, notice } = this.#options;
    await context.runtime.stopSandbox(id);
    await notice(id);
  }

  /**
   * All containers, then the sandbox. Sidecars serve the others to their end: they are told to end after those, the last begun first, and what
   * the others took of the pod's grace they do not have.
   */
  async terminate(): Promise<void> {
    const { context, pod, observed, memory, supervision, notice } = this.#options;
    this.#isUnderWay = true;
    supervision.quiet = true;
    const asked = [pod().metadata.deletionGracePeriodSeconds, memory.failed?.grace].filter((one) => one !== undefined);
    const seconds = asked.length > 0 ? Math.min(...asked.map(Number)) : this.#specGrace();
    this.#grace ??= new GracePeriod(seconds, context.now);
    const grace = this.#grace;
    grace.shorten(seconds);
    const conditions = this.#options.status()?.conditions;
    const wasReady = conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    if (wasReady && seconds > drainMs / 1000) await delay(drainMs);
    const { containers = [], initContainers = [] } = pod().spec ?? {};
    const main = Promise.all(containers.map((container) => this.#end(container, grace)));
    const ends: Promise<unknown>[] = [main, ...ephemeralContainers(pod()).map((each) => this.#end(each, grace))];
    let before: Promise<unknown> = main;
    for (const container of initContainers.toReversed()) {
      const isSidecar = container.restartPolicy === 'Always';
      const end = this.#end(container, grace, isSidecar ? before : undefined);
      if (isSidecar) before = Promise.all([before, end]);
      ends.push(end);
    }
    await Promise.all([...ends, before]);
    for (const { id, ready } of observed.sandboxes) if (ready) await this.stopSandbox(id);
    for (const { id, state } of observed.containers) if (state === 'running') await notice(id);
    this.#grace = undefined;
    this.#isUnderWay = false;
    supervision.quiet = false;
  }

  /** The pod is to end earlier than was said. */
  async hurry(seconds: number): Promise<void> {
    if (!this.#isUnderWay) return;
    this.#grace?.shorten(seconds);
    await this.#options.supervision.hurry(seconds);
  }

  #specGrace(): number {
    return Number(this.#options.pod().spec?.terminationGracePeriodSeconds ?? 30);
  }

  async #end(container: Container, grace: GracePeriod, turn?: Promise<unknown>): Promise<void> {
    const { observed, supervision, notice } = this.#options;
    const running = observed.containers.filter(({ name, state }) => name === container.name && state === 'running');
    for (const { id } of running) {
      await supervision.end(container, id, grace, `Stopping container ${container.name}`, turn);
      await notice(id);
    }
  }
}

/**
 * A pod that served is taken out of the service rules when it is deleted; its processes are told to end this much later,
 * so that no connection meets a port that was just closed.
 */
const drainMs = 300;
