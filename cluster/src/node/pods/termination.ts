import { setTimeout as delay } from 'node:timers/promises';
import type { Container, Pod } from '@berth/kube/objects';
import type { NodeContext } from './context.ts';
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
    const { killGrace } = this.#options.memory.containers.get(container.name) ?? {};
    await this.#stopContainer(container, id, killGrace ?? this.#specGrace(), message);
  }

  async stopSandbox(id: string): Promise<void> {
    const { context, notice } = this.#options;
    await context.runtime.stopSandbox(id);
    await notice(id);
  }

  /** Main and ephemeral containers, then sidecars, then the sandbox. */
  async terminate(): Promise<void> {
    const { pod, observed, memory, supervision, notice } = this.#options;
    this.#isUnderWay = true;
    supervision.quiet = true;
    const asked = [pod().metadata.deletionGracePeriodSeconds, memory.failed?.grace].filter((one) => one !== undefined);
    const grace = asked.length > 0 ? Math.min(...asked.map(Number)) : this.#specGrace();
    const conditions = this.#options.status()?.conditions;
    const wasReady = conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    const end = async (containers: readonly Container[]) => {
      await Promise.all(
        containers.map(async (container) => {
          const running = observed.containers.filter(
            (found) => found.name === container.name && found.state === 'running',
          );
          for (const { id } of running) {
            await this.#stopContainer(container, id, grace, `Stopping container ${container.name}`);
          }
        }),
      );
    };
    if (wasReady && grace > drainMs / 1000) await delay(drainMs);
    await end([...(pod().spec?.containers ?? []), ...ephemeralContainers(pod())]);
    // Sidecars serve the others to their end; the last begun goes first.
    for (const sidecar of (pod().spec?.initContainers ?? []).toReversed()) await end([sidecar]);
    for (const { id, ready } of observed.sandboxes) if (ready) await this.stopSandbox(id);
    for (const { id, state } of observed.containers) if (state === 'running') await notice(id);
    this.#isUnderWay = false;
    supervision.quiet = false;
  }

  #specGrace(): number {
    return Number(this.#options.pod().spec?.terminationGracePeriodSeconds ?? 30);
  }

  async #stopContainer(container: Container, id: string, grace: number, message: string): Promise<void> {
    const { supervision, notice } = this.#options;
    await supervision.end(container, id, grace, message);
    await notice(id);
  }
}

/**
 * A pod that served is taken out of the service rules when it is deleted; its processes are told to end this much later,
 * so that no connection meets a port that was just closed.
 */
const drainMs = 300;
