import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import type { Logger } from 'pino';
import type { Answer, Call } from '../call.ts';
import type { KindRegistry } from '../kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';
import type { WebhookCaller } from '../webhook/index.ts';
import { cleanUp } from './cleanup.ts';
import {
  asDefinition,
  cleanupFinalizer,
  type DefinitionStatus,
  definitionKey,
  definitions,
  definitionsPrefix,
  isTrue,
} from './definition.ts';
import { type CustomKinds, customKinds } from './kinds.ts';
import { type TakenNames, takenBy } from './names.ts';
import { wantedStatus } from './status.ts';

export interface CustomResourcesOptions {
  storage: ObjectStorage;
  kinds: KindRegistry;
  webhooks: WebhookCaller;
  /** The pipeline, for objects that go with their definition. */
  run(call: Call): Promise<Answer>;
  /** Whom the API server itself acts as, and its client. */
  user: User;
  client: KubeClient;
  now(): Date;
  logger: Logger;
}

const retryMs = 1000;
/** In a row, for one definition: each may find that the next is needed, since the definition changed meanwhile. */
const mostWrites = 8;

/**
 * Serves what CustomResourceDefinitions define, from the turn in which their writes become visible: whoever made one may
 * use its kind as soon as that is answered. Keeps their status, and empties them when they are deleted.
 */
export class CustomResources {
  readonly #options: CustomResourcesOptions;
  /** Those whose names were accepted, by the definition's name. */
  readonly #served = new Map<string, CustomKinds>();
  /** What the status of each is to be; what is kept may lag behind. */
  readonly #statuses = new Map<string, DefinitionStatus>();
  /** Of definitions that are on their way to the store. */
  readonly #claims = new Set<{ definition: CustomResourceDefinition; status: DefinitionStatus }>();
  /** Names of those whose status is being written. */
  readonly #writing = new Set<string>();
  /** By uid. */
  readonly #cleaning = new Set<string>();
  readonly #ending = new AbortController();
  readonly #work = new Set<Promise<void>>();
  #stopListening: () => void = () => {};

  constructor(options: CustomResourcesOptions) {
    this.#options = options;
  }

  /** Everything that is defined already is served when it returns. */
  start(): void {
    const { storage } = this.#options;
    const present = storage.list(definitionsPrefix).map(({ object }) => asDefinition(object));
    for (const definition of present.sort(byAge)) this.#take(definition);
    this.#stopListening = storage.listen(definitionsPrefix, ({ type, object }) => {
      if (type === 'put') this.#take(asDefinition(object.object));
      else this.#drop(asDefinition(object.object));
    });
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.#ending.abort();
    await Promise.all(this.#work);
  }

  /** One definition that cannot be read is no reason to stop listening to the others. */
  #take(definition: CustomResourceDefinition): void {
    try {
      this.#takeIn(definition);
    } catch (error) {
      const { name } = definition.metadata;
      this.#options.logger.error({ err: error, definition: name }, 'a custom resource cannot be served');
    }
  }

  #takeIn(definition: CustomResourceDefinition): void {
    const { name, deletionTimestamp, finalizers, uid = '' } = definition.metadata;
    const before = this.#statuses.get(name)?.acceptedNames ?? definition.status?.acceptedNames;
    const status = this.#statusOf(definition);
    this.#statuses.set(name, status);
    this.#serve({ ...definition, status });
    if (status !== definition.status) this.#keepStatus(name);
    if (before && !isDeepStrictEqual(before, status.acceptedNames)) this.#reconsider(definition);
    if (deletionTimestamp === undefined || !finalizers?.includes(cleanupFinalizer) || this.#cleaning.has(uid)) return;
    this.#cleaning.add(uid);
    // What its own writes bring back here must not begin it a second time.
    this.#do(
      name,
      () => this.#cleanUp(name, uid),
      () => this.#cleaning.delete(uid),
    );
  }

  #drop(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    this.#statuses.delete(name);
    this.#unserve(name);
    this.#reconsider(definition);
  }

  /** Names may have become free for others of the group. */
  #reconsider({ metadata, spec }: CustomResourceDefinition): void {
    for (const { object } of this.#options.storage.list(definitionsPrefix)) {
      const other = asDefinition(object);
      if (other.spec.group !== spec.group || other.metadata.name === metadata.name) continue;
      if (!isTrue(this.#statuses.get(other.metadata.name), 'NamesAccepted')) this.#take(other);
    }
  }

  /**
   * What the status of a definition that is about to be kept is to be. Until it is released, after the write, nobody
   * else gets the names that it accepts.
   */
  claim(definition: CustomResourceDefinition): { status: DefinitionStatus; release(): void } {
    const status = this.#statusOf(definition);
    const claim = { definition, status };
    this.#claims.add(claim);
    return { status, release: () => void this.#claims.delete(claim) };
  }

  #statusOf(definition: CustomResourceDefinition): DefinitionStatus {
    return wantedStatus(definition, this.#taken(definition), this.#options.now());
  }

  /** The names of all other kinds of the group. */
  #taken({ metadata, spec }: CustomResourceDefinition): TakenNames {
    const resources = new Set<string>();
    const kinds = new Set<string>();
    const add = (taken: TakenNames) => {
      for (const name of taken.resources) resources.add(name);
      for (const name of taken.kinds) kinds.add(name);
    };
    for (const { description, isCustom } of this.#options.kinds.all()) {
      if (isCustom || description.group !== spec.group) continue;
      const { resource, singular, kind, listKind } = description;
      add(takenBy({ plural: resource, singular, shortNames: [...description.shortNames], kind, listKind }));
    }
    for (const { object } of this.#options.storage.list(definitionsPrefix)) {
      const other = asDefinition(object);
      if (other.spec.group !== spec.group || other.metadata.name === metadata.name) continue;
      add(takenBy((this.#statuses.get(other.metadata.name) ?? other.status)?.acceptedNames));
    }
    for (const { definition: other, status } of this.#claims) {
      if (other.spec.group !== spec.group || other.metadata.name === metadata.name) continue;
      add(takenBy(status.acceptedNames));
    }
    return { resources, kinds };
  }

  #serve(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const { kinds } = this.#options;
    if (!isTrue(definition.status, 'Established') && !isTrue(definition.status, 'NamesAccepted')) {
      this.#unserve(name);
      return;
    }
    const previous = this.#served.get(name);
    if (previous && isDeepStrictEqual(servedOf(previous.definition), servedOf(definition))) return;
    const next = customKinds(definition, { webhooks: this.#options.webhooks, newUid: randomUUID }, previous);
    this.#served.set(name, next);
    for (const kind of next.served.values()) kinds.add(kind);
    for (const [version, { description }] of previous?.served ?? []) {
      if (!next.served.has(version)) kinds.remove(description);
    }
  }

  #unserve(name: string): void {
    const previous = this.#served.get(name);
    this.#served.delete(name);
    for (const { description } of previous?.served.values() ?? []) this.#options.kinds.remove(description);
  }

  /** Keeps what the status is to be; one write at a time, which goes on until it is so. */
  #keepStatus(name: string): void {
    if (this.#writing.has(name)) return;
    this.#writing.add(name);
    const write = () => this.#writeStatus(name, (definition) => this.#statusOf(definition));
    this.#do(name, () => write().finally(() => this.#writing.delete(name)));
  }

  /** Work beside the requests. What fails is tried again with what is then there. */
  #do(name: string, work: () => Promise<void>, beforeRetry?: () => void): void {
    const running = work()
      .catch((error) => {
        if (this.#ending.signal.aborted) return;
        this.#options.logger.warn({ err: error, definition: name }, 'a custom resource definition is behind');
        const timer = globalThis.setTimeout(() => {
          beforeRetry?.();
          const found = this.#options.storage.get(definitionKey(name));
          if (found && !this.#ending.signal.aborted) this.#take(asDefinition(found.object));
        }, retryMs);
        timer.unref();
      })
      .finally(() => this.#work.delete(running));
    this.#work.add(running);
  }

  async #writeStatus(name: string, revise: (definition: CustomResourceDefinition) => DefinitionStatus): Promise<void> {
    const { client, storage } = this.#options;
    for (let written = 0; written < mostWrites; ) {
      const found = storage.get(definitionKey(name));
      if (!found || this.#ending.signal.aborted) return;
      const definition = asDefinition(found.object);
      const status = revise(definition);
      if (status === definition.status) return;
      try {
        const options = { subresource: 'status', fieldManager: 'kube-apiserver' };
        await client.update(definitions, { ...definition, status }, options);
        written++;
      } catch (error) {
        if (isBerthError(error, 'NotFound')) return;
        if (!isBerthError(error, 'Conflict')) throw error;
        // Who was faster may not be durable yet: it is not seen before other work had its turn.
        await setTimeout(1);
      }
    }
  }

  async #cleanUp(name: string, uid: string): Promise<void> {
    const { client, storage, run, user, now } = this.#options;
    const found = storage.get(definitionKey(name));
    if (found?.object.metadata.uid !== uid) return;
    const parts = {
      storage,
      run,
      user,
      now,
      signal: this.#ending.signal,
      writeStatus: (of: string, revise: (definition: CustomResourceDefinition) => DefinitionStatus) =>
        this.#writeStatus(of, revise),
      removeFinalizer: () => this.#removeFinalizer(client, name, uid),
    };
    await cleanUp(parts, asDefinition(found.object), this.#served.get(name)?.stored);
    this.#cleaning.delete(uid);
  }

  async #removeFinalizer(client: KubeClient, name: string, uid: string): Promise<void> {
    for (;;) {
      const found = this.#options.storage.get(definitionKey(name));
      if (found?.object.metadata.uid !== uid) return;
      const { resourceVersion = '', finalizers = [] } = found.object.metadata;
      const left = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
      const body = { metadata: { resourceVersion, finalizers: left.length > 0 ? left : null } };
      try {
        await client.patch(definitions, { name }, { type: 'merge', body });
        return;
      } catch (error) {
        if (isBerthError(error, 'NotFound')) return;
        if (!isBerthError(error, 'Conflict')) throw error;
        await setTimeout(1);
      }
    }
  }
}

/** What of a definition decides how its kinds are served. */
function servedOf({ metadata, spec, status }: CustomResourceDefinition) {
  return { uid: metadata.uid, deleting: metadata.deletionTimestamp !== undefined, spec, names: status?.acceptedNames };
}

function byAge({ metadata: a }: CustomResourceDefinition, { metadata: b }: CustomResourceDefinition): number {
  const [left, right] = [`${a.creationTimestamp} ${a.name}`, `${b.creationTimestamp} ${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
