import type { ResourceRef } from '@berth/kube/objects';
import type { KindDescription, Subresource } from '@berth/kube/schema';
import type { Conversion } from './conversion/conversion.ts';
import { resourcePrefix } from './storage/keys.ts';

/** A kind as it is served. */
export interface ServedKind {
  description: KindDescription;
  /** Of the keys of its objects. Two kinds with the same prefix are two shapes of the same objects. */
  prefix: string;
  subresources: ReadonlyMap<string, Subresource>;
  /** Set when objects are kept in another version than this one. */
  conversion?: Conversion;
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

  /** Serves `served` from the objects of `kept`. Both must have been added. */
  convert(served: ResourceRef, kept: ResourceRef, how: Pick<Conversion, 'toStorage' | 'fromStorage'>): void {
    const kind = this.get(served.group, served.version, served.resource);
    const storage = this.get(kept.group, kept.version, kept.resource);
    if (!kind || !storage) throw new Error(`${served.resource} cannot be converted: it is not served`);
    kind.prefix = storage.prefix;
    kind.conversion = { storage, ...how };
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
