import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@berth/kube/objects';

/**
 * The second round of a request: when somebody changed the object, the built-in plugins are asked again, and of the
 * webhooks and policies those that want to be (`reinvocationPolicy: IfNeeded`), at most once.
 * Source: "Reinvocation policy" in Kubernetes' documentation of dynamic admission.
 */
export class Reinvocation {
  /** Whether this is the second round. */
  isSecond = false;
  isNeeded = false;
  readonly #rounds = new Map<string, Rounds>();

  begin(): void {
    this.isSecond = true;
    this.isNeeded = false;
  }

  /** What one plugin keeps between the rounds. */
  of(plugin: string): Rounds {
    const rounds = this.#rounds.get(plugin) ?? new Rounds();
    this.#rounds.set(plugin, rounds);
    return rounds;
  }
}

/** Which hooks of one plugin were called and which of them are to be called again. */
export class Rounds {
  readonly #called = new Set<string>();
  readonly #again = new Set<string>();
  #left: KubeObject | undefined;

  /** Those called until now, if they want to be, are called again: the object is another one since. */
  objectChanged(): void {
    for (const id of this.#called) this.#again.add(id);
    this.#called.clear();
  }

  /** Remembers a hook that wants to see what others make of the object after it. */
  mayBeCalledAgain(id: string): void {
    this.#called.add(id);
  }

  isWanted(id: string): boolean {
    return this.#again.has(id);
  }

  /** The plugin has done its round and leaves `object`. */
  leave(object: KubeObject): void {
    this.#left = structuredClone(object);
  }

  /** The plugin begins its second round; whether others have changed the object since the first. */
  returnTo(object: KubeObject): void {
    if (!isDeepStrictEqual(this.#left, object)) this.objectChanged();
  }
}
