import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import type { NodeAgent } from './node/index.ts';
import { type NodeRuntime, nodesDirectory } from './nodes.ts';

/** A node that runs containers, and whether it is switched on. */
export interface Machine {
  name: string;
  state: 'running' | 'stopped';
}

/** The nodes that run containers, each of which can be stopped as a machine whose power is cut, and started again. */
export interface Machines {
  list(): Machine[];
  /** Kills the node's agent, containerd and containers at once. It stays stopped over a restart of the program. */
  stop(name: string): Promise<void>;
  /** Brings a stopped node back with the disk that it had. Resolves when it is ready. */
  start(name: string): Promise<void>;
}

interface Running {
  runtime: NodeRuntime;
  /** Absent until the API serves. */
  agent?: NodeAgent;
}

/** What it takes to run a node; `join` makes it known to the cluster. */
export interface MachineParts {
  dataDir: string;
  names: readonly string[];
  open(name: string): Promise<NodeRuntime>;
  join(runtime: NodeRuntime): Promise<NodeAgent>;
}

/** All nodes of this program; one change of a node at a time. */
export class OwnMachines implements Machines {
  readonly #parts: MachineParts;
  readonly #running = new Map<string, Running>();
  readonly #changes = new Map<string, Promise<void>>();

  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  /** Starts or takes over the runtimes of all nodes that nobody stopped. */
  async open(): Promise<void> {
    const { names, open } = this.#parts;
    const on = names.filter((name) => !existsSync(this.#mark(name)));
    const opened = await Promise.allSettled(
      on.map(async (name) => this.#running.set(name, { runtime: await open(name) })),
    );
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** Makes the nodes whose runtimes are open known to the cluster. */
  async join(): Promise<void> {
    await Promise.all(
      [...this.#running.values()].map(async (one) => {
        one.agent = await this.#parts.join(one.runtime);
      }),
    );
  }

  agent(name: string): NodeAgent | undefined {
    return this.#running.get(name)?.agent;
  }

  async importImage(file: string): Promise<void> {
    const all = [...this.#running.values()];
    await Promise.all(all.map(({ runtime }) => runtime.containerd.importImage(file)));
    for (const { agent } of all) agent?.imagesChanged();
  }

  list(): Machine[] {
    return this.#parts.names.map((name) => ({ name, state: this.#running.has(name) ? 'running' : 'stopped' }));
  }

  stop(name: string): Promise<void> {
    return this.#change(name, async () => {
      const found = this.#running.get(name);
      if (!found) throw new BerthError('Conflict', `node ${name} is stopped already`);
      // The agent first: it must not live to tell that its containers died.
      const ended = found.agent?.stop();
      await found.runtime.cutPower();
      await ended;
      this.#running.delete(name);
      await writeFile(this.#mark(name), '');
    });
  }

  start(name: string): Promise<void> {
    return this.#change(name, async () => {
      if (this.#running.has(name)) throw new BerthError('Conflict', `node ${name} runs already`);
      const runtime = await this.#parts.open(name);
      const agent = await this.#parts.join(runtime).catch((error) => {
        runtime.release();
        throw error;
      });
      this.#running.set(name, { runtime, agent });
      await rm(this.#mark(name), { force: true });
    });
  }

  /** Ends what is in this process; containers go on. */
  async release(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ agent }) => agent?.stop()));
    for (const { runtime } of this.#running.values()) runtime.release();
  }

  async #change(name: string, work: () => Promise<void>): Promise<void> {
    const { names } = this.#parts;
    if (!names.includes(name)) {
      throw new BerthError(
        'NotFound',
        `there is no node ${name} that runs containers; there are ${names.join(', ') || 'none'}`,
      );
    }
    const change = (this.#changes.get(name) ?? Promise.resolve()).catch(() => {}).then(work);
    this.#changes.set(name, change);
    return change;
  }

  #mark(name: string): string {
    return join(nodesDirectory(this.#parts.dataDir), name, 'stopped');
  }
}
