import { randomUUID } from 'node:crypto';
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

  #take(definition: CustomResourceDefinition): void {
    const { name, deletionTimestamp, finalizers, uid = '' } = definition.metadata;
    const before = this.#statuses.get(name)?.acceptedNames ?? definition.status?.acceptedNames;
    const status = this.#statusOf(definition);
    this.#statuses.set(name, status);
    this.#serve({ ...definition, status });
    if (status !== definition.status) this.#do(name, () => this.#writeStatus(name, (now) => this.#statusOf(now)));
    if (before && !isDeepStrictEqual(before, status.acceptedNames)) this.#reconsider(definition);
    if (deletionTimestamp === undefined || !finalizers?.includes(cleanupFinalizer) || this.#cleaning.has(uid)) return;
    this.#cleaning.add(uid);
    this.#do(name, () => this.#cleanUp(name, uid));
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
    return { resources, kinds };
  }

  #serve(definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const { kinds, logger } = this.#options;
    if (!isTrue(definition.status, 'Established') && !isTrue(definition.status, 'NamesAccepted')) {
      this.#unserve(name);
      return;
    }
    const previous = this.#served.get(name);
    if (previous && isDeepStrictEqual(servedOf(previous.definition), servedOf(definition))) return;
    let next: CustomKinds;
    try {
      next = customKinds(definition, { webhooks: this.#options.webhooks, newUid: randomUUID }, previous);
    } catch (error) {
      logger.error({ err: error, definition: name }, 'a custom resource cannot be served');
      return;
    }
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

  /** Work beside the requests. What fails is tried again with what is then there. */
  #do(name: string, work: () => Promise<void>): void {
    const running = work()
      .catch((error) => {
        if (this.#ending.signal.aborted) return;
        this.#options.logger.warn({ err: error, definition: name }, 'a custom resource definition is behind');
        const timer = setTimeout(() => {
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
    for (;;) {
      const found = storage.get(definitionKey(name));
      if (!found || this.#ending.signal.aborted) return;
      const definition = asDefinition(found.object);
      const status = revise(definition);
      if (status === definition.status) return;
      try {
        const options = { subresource: 'status', fieldManager: 'kube-apiserver' };
        await client.update(definitions, { ...definition, status }, options);
        return;
      } catch (error) {
        if (isBerthError(error, 'NotFound')) return;
        if (!isBerthError(error, 'Conflict')) throw error;
      }
    }
  }

  async #cleanUp(name: string, uid: string): Promise<void> {
    const { client, storage, run, user, now } = this.#options;
    try {
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
    } finally {
      this.#cleaning.delete(uid);
    }
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
      }
    }
  }
}

/** What of a definition decides how its kinds are served. */
function servedOf({ metadata, spec, status }: CustomResourceDefinition) {
  return { uid: metadata.uid, spec, names: status?.acceptedNames, terminating: isTrue(status, 'Terminating') };
}

function byAge({ metadata: a }: CustomResourceDefinition, { metadata: b }: CustomResourceDefinition): number {
  const [left, right] = [`${a.creationTimestamp} ${a.name}`, `${b.creationTimestamp} ${b.name}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
