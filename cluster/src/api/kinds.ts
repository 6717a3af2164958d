import { builtInSchema, type KindDescription, type ObjectSchema, type Subresource } from '@berth/kube/schema';
import type { Conversion } from './conversion/conversion.ts';
import { resourcePrefix } from './storage/keys.ts';

/** A kind in one version, as it is served. */
export interface ServedKind {
  description: KindDescription;
  schema: ObjectSchema;
  /** Of the keys of its objects. Two kinds with the same prefix are two shapes of the same objects. */
  prefix: string;
  subresources: ReadonlyMap<string, Subresource>;
  /** Set when what is kept is not always what is shown in this version. */
  conversion?: Conversion;
  /** Whether a CustomResourceDefinition brought it. */
  isCustom: boolean;
}

export interface ServedOptions {
  /** Default: that of the built-in kinds. */
  schema?: ObjectSchema;
  conversion?: Conversion;
  isCustom?: boolean;
  /** The resource whose keys its objects have. Default: its own. */
  storedAs?: { group: string; resource: string };
}

/** A description as a kind that can be served. */
export function servedKind(description: KindDescription, options: ServedOptions = {}): ServedKind {
  const { schema = builtInSchema(description), conversion, isCustom = false, storedAs = description } = options;
  return {
    description,
    schema,
    prefix: resourcePrefix(storedAs.group, storedAs.resource),
    subresources: new Map(description.subresources.map((subresource) => [subresource.name, subresource])),
    ...(conversion ? { conversion } : {}),
    isCustom,
  };
}

/** What is served, by resource. It may grow and shrink while the server runs; `generation` says that it did. */
export class KindRegistry {
  readonly #byResource = new Map<string, ServedKind>();
  #generation = 0;

  constructor(kinds: readonly ServedKind[]) {
    for (const kind of kinds) this.add(kind);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Serves `kind`, in the place of what was served for its group, version and resource. */
  add(kind: ServedKind): void {
    this.#byResource.set(keyOf(kind.description), kind);
    this.#generation++;
  }

  remove(description: { group: string; version: string; resource: string }): void {
    if (this.#byResource.delete(keyOf(description))) this.#generation++;
  }

  get(group: string, version: string, resource: string): ServedKind | undefined {
    return this.#byResource.get(keyOf({ group, version, resource }));
  }

  /** In the order of registration: groups by priority, the preferred version first. */
  all(): ServedKind[] {
    return [...this.#byResource.values()];
  }
}

function keyOf({ group, version, resource }: { group: string; version: string; resource: string }): string {
  return `${group}/${version}/${resource}`;
}
