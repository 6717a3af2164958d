import type { KubeObject } from '@berth/kube/objects';
import type { Store, StoreEvent } from '../../store/index.ts';
import type { EventType } from '../storage/resource-event.ts';

/** An object as somebody outside sees it. */
export interface Sight {
  key: string;
  version: number;
  /** All of it but its version. */
  content: unknown;
}

export interface SeenEvent extends Sight {
  type: EventType;
}

/** What a watcher asks for: keys with a prefix, and objects of which something holds. */
export interface Question {
  prefix: string;
  selects(object: KubeObject): boolean;
}

interface Written {
  revision: number;
  key: string;
  /** Undefined for a deletion. */
  object: KubeObject | undefined;
}

/**
 * For tests: everything that was ever written under a prefix, as the store told it, and from that, by the definition of a
 * watch and nothing else, what a watcher has to see.
 */
export class Chronicle {
  readonly #written: Written[] = [];
  readonly #close: () => void;

  constructor(store: Store, prefix: string) {
    for (const { key, value, revision } of store.list({ prefix }).entries) {
      this.#written.push({ revision, key, object: parsed(value) });
    }
    this.#written.sort((a, b) => a.revision - b.revision);
    const watch = store.watch({ prefix, after: store.revision });
    this.#close = () => watch.close();
    void this.#follow(watch.events);
  }

  close(): void {
    this.#close();
  }

  async #follow(batches: AsyncIterable<readonly StoreEvent[]>): Promise<void> {
    for await (const batch of batches) {
      for (const { type, key, revision, value } of batch) {
        this.#written.push({ revision, key, object: type === 'put' ? parsed(value) : undefined });
      }
    }
  }

  /** The newest revision that has come. */
  get revision(): number {
    return this.#written.at(-1)?.revision ?? 0;
  }

  /** The selected objects at a revision, in the order of their keys. */
  state(question: Question, revision: number): Sight[] {
    return [...this.#stateAt(question, revision)]
      .filter(([, object]) => question.selects(object))
      .map(([key, object]) => sightOf(key, object))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Every event after a revision. */
  events(question: Question, after: number): SeenEvent[] {
    const state = this.#stateAt(question, after);
    const events: SeenEvent[] = [];
    for (const { revision, key, object } of this.#written) {
      if (revision <= after || !key.startsWith(question.prefix)) continue;
      const before = state.get(key);
      const was = before !== undefined && question.selects(before);
      const is = object !== undefined && question.selects(object);
      if (object === undefined) state.delete(key);
      else state.set(key, object);
      if (is) events.push({ type: was ? 'MODIFIED' : 'ADDED', ...sightOf(key, object) });
      else if (was) events.push({ type: 'DELETED', ...sightOf(key, before), version: revision });
    }
    return events;
  }

  #stateAt({ prefix }: Question, revision: number): Map<string, KubeObject> {
    const state = new Map<string, KubeObject>();
    for (const { revision: at, key, object } of this.#written) {
      if (at > revision) break;
      if (!key.startsWith(prefix)) continue;
      if (object === undefined) state.delete(key);
      else state.set(key, object);
    }
    return state;
  }
}

export function sightOf(key: string, object: KubeObject): Sight {
  const { resourceVersion, ...metadata } = object.metadata;
  return { key, version: Number(resourceVersion), content: { ...object, metadata } };
}

function parsed(value: Uint8Array): KubeObject {
  return JSON.parse(Buffer.from(value).toString()) as KubeObject;
}
