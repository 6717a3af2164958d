import type { KindDescription, Subresource } from '@berth/kube/schema';
import { resourcePrefix } from './storage/keys.ts';

/** A kind as it is served. */
export interface ServedKind {
  description: KindDescription;
  /** Of the keys of its objects. Two kinds with the same prefix are two shapes of the same objects. */
  prefix: string;
  subresources: ReadonlyMap<string, Subresource>;
}

/** What is served, by resource. It may grow and shrink while the server runs; `generation` says that it did. */
export class KindRegistry {
  readonly #byResource = new Map<string, ServedKind>();
  #generation = 0;

  constructor(kinds: readonly KindDescription[]) {
    for (const kind of kinds) this.add(kind);
  }

  get generation(): number {
    return this.#generation;
  }

  add(description: KindDescription, storedAs: { group: string; resource: string } = description): ServedKind {
    const served = {
      description,
      prefix: resourcePrefix(storedAs.group, storedAs.resource),
      subresources: new Map(description.subresources.map((subresource) => [subresource.name, subresource])),
    };
    this.#byResource.set(`${description.group}/${description.version}/${description.resource}`, served);
    this.#generation++;
    return served;
  }

  remove(description: KindDescription): void {
    this.#byResource.delete(`${description.group}/${description.version}/${description.resource}`);
    this.#generation++;
  }

  get(group: string, version: string, resource: string): ServedKind | undefined {
    return this.#byResource.get(`${group}/${version}/${resource}`);
  }

  /** In the order of registration: groups by priority, the preferred version first. */
  all(): ServedKind[] {
    return [...this.#byResource.values()];
  }
}
