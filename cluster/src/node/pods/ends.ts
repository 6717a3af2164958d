import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@berth/kube/objects';
import { orGone } from './adopt.ts';
import type { NodeContext } from './context.ts';
import type { ObservedContainer, ObservedPod } from './observed.ts';
import { allContainers } from './sandbox-config.ts';
import type { Supervision } from './supervision.ts';
import { withLastWords } from './termination-message.ts';

export interface EndsOptions {
  context: NodeContext;
  pod(): Pod;
  observed: ObservedPod;
  supervision: Supervision;
  /** Whether the pod as a whole is being ended. */
  isTerminating(): boolean;
  /** Whether nobody watches the pod any more. */
  isOver(): boolean;
  /** Something is otherwise than it was. */
  changed(): void;
}

/** Takes in how containers and sandboxes of a pod ended, and tells those who wait for it. */
export class Ends {
  readonly #options: EndsOptions;
  #waiters: { id: string; resolve(): void }[] = [];

  constructor(options: EndsOptions) {
    this.#options = options;
  }

  /** Resolves when the container has ended. */
  of(id: string): Promise<void> {
    const container = this.#options.observed.containers.find((found) => found.id === id);
    if (container?.state !== 'running') return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ id, resolve }));
  }

  /** Asks what became of a container or sandbox. Rejects while the runtime does not answer. */
  async notice(id: string): Promise<void> {
    const { context, observed, changed } = this.#options;
    const { runtime, now } = context;
    const container = observed.containers.find((found) => found.id === id);
    if (container) {
      const status = await orGone(runtime.containerStatus(id).then(withLastWords));
      if (status && container.state !== 'exited') {
        Object.assign(container, status);
        if (status.state === 'exited') this.note(container);
      } else if (!status && container.state === 'running') {
        container.state = 'exited';
        container.finishedAt = now();
        container.exitCode = killed;
        container.reason = 'ContainerStatusUnknown';
        container.message = 'The container could not be located when the pod was terminated';
        this.note(container);
      }
    }
    const sandbox = observed.sandboxes.find((found) => found.id === id);
    if (sandbox) sandbox.ready = (await orGone(runtime.sandboxStatus(id)))?.ready ?? false;
    if (container || sandbox) changed();
  }

  /** The container has ended. */
  note(container: ObservedContainer): void {
    const { context, supervision, isTerminating } = this.#options;
    supervision.unwatch(container.id);
    for (const { id, resolve } of this.#waiters) if (id === container.id) resolve();
    this.#waiters = this.#waiters.filter(({ id }) => id !== container.id);
    if (container.exitCode !== killed || container.reason !== 'Error' || isTerminating()) return;
    this.#untilExplained(container).catch((error) =>
      context.logger.debug({ err: error }, 'why a container ended is not known'),
    );
  }

  /** containerd is told that the kernel found no memory by another way than of the end, and at times later: the reason then changes. */
  async #untilExplained(container: ObservedContainer): Promise<void> {
    const { context, pod, isOver, changed } = this.#options;
    const spec = allContainers(pod()).find(({ name }) => name === container.name);
    if (spec?.resources?.limits?.memory === undefined) return;
    for (let pause = 20; pause < longestDoubt && !isOver(); pause *= 2) {
      await delay(pause);
      const status = await orGone(context.runtime.containerStatus(container.id));
      if (status?.reason === container.reason) continue;
      if (status) container.reason = status.reason;
      changed();
      return;
    }
  }
}

/** The exit code of what SIGKILL ended. */
const killed = 137;
/** Milliseconds. */
const longestDoubt = 3000;
