import { createHash } from 'node:crypto';
import {
  builtInDefinitions,
  type CustomSchema,
  modelDescriptions,
  type OpenApiSource,
  openApiV2,
  openApiV3,
  openApiV3Paths,
  type Schema,
} from '@berth/kube/schema';
import type { KindRegistry, ServedKind } from '../kinds.ts';

export interface OpenApiDocument {
  body: Buffer;
  /** Of everything that the document is made from: another one when it changes, the same one when others do. */
  hash: string;
}

interface GroupVersion {
  group: string;
  version: string;
  kinds: ServedKind[];
  hash: string;
}

/** The OpenAPI documents of what is served, each made when first asked for and kept as long as its own kinds stay. */
export class OpenApiDocuments {
  readonly #registry: KindRegistry;
  readonly #describe = modelDescriptions();
  /** By the schema, which is another one whenever a custom kind changes. */
  readonly #digests = new WeakMap<object, string>();
  readonly #made = new Map<string, OpenApiDocument>();
  #groupVersions = new Map<string, GroupVersion>();
  #generation = -1;

  constructor(registry: KindRegistry) {
    this.#registry = registry;
  }

  /**
   * The index of `/openapi/v3`: where the document of each group version is. `foreign` are those that others serve: the
   * hash of each path.
   */
  index(foreign: ReadonlyMap<string, string> = new Map()): OpenApiDocument {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    const own = [...this.#current()].map(([path, { hash }]) => [path, hash] as const);
    for (const [path, hash] of new Map([...own, ...foreign].sort(([a], [b]) => (a < b ? -1 : 1)))) {
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    const body = Buffer.from(JSON.stringify({ paths }));
    return { body, hash: hashOf(body) };
  }

  /** The document of `api/v1` or `apis/<group>/<version>`; undefined when it is not served. */
  v3(path: string): OpenApiDocument | undefined {
    const found = this.#current().get(path);
    if (!found) return undefined;
    return this.#kept(path, found.hash, () => {
      // What all groups share (the kinds of options) is as it is without the custom kinds of others.
      const others = this.#registry.all().filter(({ isCustom }) => !isCustom);
      return openApiV3(found, this.#source([...others, ...found.kinds.filter(({ isCustom }) => isCustom)]));
    });
  }

  v2(): OpenApiDocument {
    const hash = hashOf(Buffer.from([...this.#current().values()].map((one) => one.hash).join()));
    return this.#kept('v2', hash, () => openApiV2(this.#source(this.#registry.all())));
  }

  #kept(path: string, hash: string, make: () => object): OpenApiDocument {
    const known = this.#made.get(path);
    if (known?.hash === hash) return known;
    const document = { body: Buffer.from(JSON.stringify(make())), hash };
    this.#made.set(path, document);
    return document;
  }

  #source(served: readonly ServedKind[]): OpenApiSource {
    const own = Object.assign({}, ...served.map(definitionsOf)) as Record<string, Schema>;
    return {
      kinds: served.map(({ description }) => description),
      definitions: { ...builtInDefinitions(), ...own },
      custom: new Set(Object.keys(own)),
      describe: this.#describe,
    };
  }

  #current(): ReadonlyMap<string, GroupVersion> {
    const { generation } = this.#registry;
    if (generation === this.#generation) return this.#groupVersions;
    this.#generation = generation;
    this.#groupVersions = new Map();
    for (const kind of this.#registry.all()) {
      const { group, version } = kind.description;
      const [path = ''] = openApiV3Paths([kind.description]);
      const entry = this.#groupVersions.get(path) ?? { group, version, kinds: [], hash: '' };
      entry.kinds.push(kind);
      this.#groupVersions.set(path, entry);
    }
    for (const entry of this.#groupVersions.values()) {
      entry.hash = hashOf(Buffer.from(entry.kinds.map((kind) => this.#digest(kind)).join()));
    }
    for (const path of this.#made.keys()) {
      if (path !== 'v2' && !this.#groupVersions.has(path)) this.#made.delete(path);
    }
    return this.#groupVersions;
  }

  #digest(kind: ServedKind): string {
    const description = JSON.stringify(kind.description);
    if (!kind.isCustom) return description;
    const digest = this.#digests.get(kind.schema) ?? hashOf(Buffer.from(JSON.stringify(definitionsOf(kind))));
    this.#digests.set(kind.schema, digest);
    return description + digest;
  }
}

/** What a custom kind adds to the definitions; nothing for one that is built in. */
function definitionsOf({ isCustom, schema, description }: ServedKind): Readonly<Record<string, Schema>> {
  if (!isCustom) return {};
  const { definitions } = schema as CustomSchema;
  const selectable = Object.keys(description.fieldSelectors).map((fieldPath) => ({ fieldPath }));
  if (selectable.length === 0) return definitions;
  const extension = { 'x-kubernetes-selectable-fields': selectable };
  return Object.fromEntries(Object.entries(definitions).map(([name, one]) => [name, { ...one, ...extension }]));
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').toUpperCase();
}
