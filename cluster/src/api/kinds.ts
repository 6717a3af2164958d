import type { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import {
  builtInSchema,
  type KindDescription,
  type ObjectSchema,
  type ScalePaths,
  type Subresource,
} from '@berth/kube/schema';
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
  /** What everyone is warned of who uses it: that this version is deprecated. */
  deprecation?: string | undefined;
  /** Whether its definition is being deleted, so that nothing new may be created. */
  isTerminating?: boolean;
  /** The version that its objects are kept in. Default: its own. */
  storageVersion?: string | undefined;
  /** Where the `scale` subresource of a custom kind reads and writes. */
  scale?: ScalePaths | undefined;
  /** Set when nothing of it is kept: its objects are made for each request. */
  computed?: ComputedKind;
  /** Called when it is served no longer. */
  readonly departures: Set<() => void>;
}

export interface ComputedKind {
  /** Of a namespace; '' for all. */
  list(namespace: string): readonly KubeObject[];
  /** The error for an object that is not there. */
  missing(namespace: string, name: string): BerthError;
}

export interface ServedOptions {
  /** Default: that of the built-in kinds. */
  schema?: ObjectSchema;
  conversion?: Conversion;
  isCustom?: boolean;
  deprecation?: string | undefined;
  isTerminating?: boolean;
  scale?: ScalePaths | undefined;
  storageVersion?: string | undefined;
  /** The resource whose keys its objects have. Default: its own. */
  storedAs?: { group: string; resource: string };
}

/** A description as a kind that can be served. */
export function servedKind(description: KindDescription, options: ServedOptions = {}): ServedKind {
  const { schema = builtInSchema(description), conversion, isCustom = false, storedAs = description } = options;
  const { deprecation = description.deprecation, isTerminating = false, scale, storageVersion } = options;
  return {
    description,
    schema,
    prefix: resourcePrefix(storedAs.group, storedAs.resource),
    subresources: new Map(description.subresources.map((subresource) => [subresource.name, subresource])),
    ...(conversion ? { conversion } : {}),
    isCustom,
    deprecation,
    isTerminating,
    scale,
    storageVersion,
    departures: new Set(),
  };
}

/** What is served, by resource. It may grow and shrink while the server runs; `generation` says that it did. */
export class KindRegistry {
  readonly #byResource = new Map<string, ServedKind>();
  readonly #builtInGroups: ReadonlySet<string>;
  #generation = 0;

  /** With the kinds that are built in. */
  constructor(kinds: readonly ServedKind[]) {
    this.#builtInGroups = new Set(kinds.map(({ description }) => description.group));
    for (const kind of kinds) this.add(kind);
  }

  hasBuiltInGroup(group: string): boolean {
    return this.#builtInGroups.has(group);
  }

  get generation(): number {
    return this.#generation;
  }

  /**
   * Serves `kind`, in the place of what was served for its group, version and resource. A custom kind that is there
   * already becomes the new one, so that those who hold it go on with what it is now.
   */
  add(kind: ServedKind): void {
    const key = keyOf(kind.description);
    const present = this.#byResource.get(key);
    if (present?.isCustom && kind.isCustom) Object.assign(present, { ...kind, departures: present.departures });
    else this.#byResource.set(key, kind);
    this.#generation++;
  }

  remove(description: { group: string; version: string; resource: string }): void {
    const key = keyOf(description);
    const present = this.#byResource.get(key);
    if (!present) return;
    this.#byResource.delete(key);
    this.#generation++;
    for (const leave of [...present.departures]) leave();
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
