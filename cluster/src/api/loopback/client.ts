import type {
  DeleteOptions,
  GetOptions,
  KubeClient,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@berth/kube/client';
import { statusOf } from '@berth/kube/errors';
import type { KubeList, KubeObject, ObjectKey, Resource } from '@berth/kube/objects';
import { apiVersionOf } from '@berth/kube/objects';
import { copyData } from '@berth/kube/schema';
import type { AuditRecord } from '../audit/index.ts';
import { withAuthenticated } from '../authentication/certificate.ts';
import type { Answer, Call, CallVerb, PatchType } from '../call.ts';
import type { Target } from '../http/route.ts';
import { attributesOf, type Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';
import { beginRecord, bytesOf, codeOf } from './record.ts';
import { watchEvents } from './watch.ts';

/** The client inside the process: the same pipeline as over HTTPS, without bytes on a wire. */
export class LoopbackClient implements KubeClient {
  readonly #pipeline: Pipeline;
  readonly #user: User;

  constructor(pipeline: Pipeline, user: User) {
    this.#pipeline = pipeline;
    this.#user = { ...user, groups: withAuthenticated(user.groups) };
  }

  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options: GetOptions = {}): Promise<T> {
    const query = { resourceVersion: options.resourceVersion };
    return objectOf(await this.#run('get', resource, key, { query, signal: options.signal })) as T;
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}): Promise<KubeList<T>> {
    const { namespace, signal, ...query } = options;
    const answer = await this.#run('list', resource, { namespace: namespace ?? '', name: '' }, { query, signal });
    if (answer.type !== 'list') throw new Error(`a list was answered by ${answer.type}`);
    return {
      apiVersion: apiVersionOf(resource),
      kind: answer.kind.description.listKind,
      metadata: answer.meta,
      items: answer.items.map((item) => item.object as T),
    };
  }

  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, signal, ...query } = options;
    if (signal?.aborted) return;
    const key = { namespace: namespace ?? '', name: '' };
    const match = options.sendInitialEvents === undefined ? {} : { resourceVersionMatch: 'NotOlderThan' };
    const { answer, record } = await this.#recorded('watch', resource, key, { query: { ...query, ...match }, signal });
    if (answer.type !== 'watch') throw new Error(`a watch was answered by ${answer.type}`);
    try {
      yield* watchEvents<T>(answer.source, signal);
    } finally {
      record?.completed(200);
    }
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    // Creation names its object in the body; only a subresource's parent stands in the path.
    const name = options.subresource === undefined ? '' : object.metadata.name;
    const key = { namespace: object.metadata.namespace ?? '', name };
    return objectOf(await this.#write('create', resource, key, object, options)) as T;
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T, options: WriteOptions = {}): Promise<T> {
    return objectOf(await this.#write('update', resource, object.metadata, object, options)) as T;
  }

  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T> {
    return objectOf(await this.#write('patch', resource, key, patch.body, options, patch.type)) as T;
  }

  async apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions & { fieldManager: string; force?: boolean },
  ): Promise<T> {
    return objectOf(await this.#write('patch', resource, object.metadata, object, options, 'apply')) as T;
  }

  async delete<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: DeleteOptions = {},
  ): Promise<T | undefined> {
    const { signal, dryRun, ...body } = options;
    const answer = await this.#run('delete', resource, key, { query: { dryRun: dryRunOf(dryRun) }, body, signal });
    return answer.type === 'object' || answer.type === 'deleted' ? (answer.object.object as T) : undefined;
  }

  async deleteCollection<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & DeleteOptions,
  ): Promise<void> {
    const { signal, dryRun, namespace, gracePeriodSeconds, propagationPolicy, preconditions, ...query } = options;
    const body = { gracePeriodSeconds, propagationPolicy, preconditions };
    const key = { namespace: namespace ?? '', name: '' };
    await this.#run('deletecollection', resource, key, { query: { ...query, dryRun: dryRunOf(dryRun) }, body, signal });
  }

  async createSubresource(
    resource: Resource,
    key: ObjectKey,
    subresource: string,
    body: KubeObject | Record<string, unknown>,
    options: { dryRun?: boolean; signal?: AbortSignal } = {},
  ): Promise<Record<string, unknown>> {
    const query = { dryRun: dryRunOf(options.dryRun) };
    const details = { query, body: copyData(body), signal: options.signal, subresource };
    return objectOf(await this.#run('create', resource, key, details));
  }

  #write(
    verb: CallVerb,
    resource: Resource,
    key: ObjectKey,
    body: unknown,
    options: WriteOptions & { force?: boolean },
    patchType?: PatchType,
  ): Promise<Answer> {
    const { fieldManager, dryRun, fieldValidation, subresource, signal, force } = options;
    const query = { fieldManager, dryRun: dryRunOf(dryRun), fieldValidation, force };
    return this.#run(verb, resource, key, { query, body, subresource, signal, patchType });
  }

  async #run(verb: CallVerb, resource: Resource, key: Partial<ObjectKey>, details: Details): Promise<Answer> {
    const { answer, record } = await this.#recorded(verb, resource, key, details);
    record?.completed(codeOf(answer));
    return answer;
  }

  /** What the call is answered, and its record, which is open still. */
  async #recorded(verb: CallVerb, resource: Resource, key: Partial<ObjectKey>, details: Details) {
    details.signal?.throwIfAborted();
    const target: Target = {
      group: resource.group,
      version: resource.version,
      namespace: resource.namespaced ? (key.namespace ?? '') : '',
      resource: resource.resource,
      name: key.name ?? '',
      subresource: details.subresource ?? '',
    };
    const options = optionsOf(details.query);
    const record = beginRecord(this.#pipeline, { verb, target, options, user: this.#user });
    try {
      const answer = await this.#answer(verb, target, options, details, record);
      if (answer.type === 'watch') record?.started(200);
      return { answer, record };
    } catch (error) {
      record?.failed(statusOf(error));
      record?.completed(0);
      throw error;
    }
  }

  async #answer(
    verb: CallVerb,
    target: Target,
    options: Map<string, string>,
    details: Details,
    record: AuditRecord | undefined,
  ): Promise<Answer> {
    const { kind, subresource } = this.#pipeline.resolve(target);
    this.#pipeline.authorize(this.#user, attributesOf(target, kind, verb, options), record);
    record?.sent(details.body);
    const call: Call = {
      verb,
      user: this.#user,
      isInner: true,
      kind,
      subresource,
      namespace: target.namespace,
      name: target.name,
      options,
      body: details.body,
      warnings: [],
      ...(record ? { record } : {}),
      signal: details.signal,
    };
    if (details.patchType !== undefined) call.patchType = details.patchType;
    const answer = await this.#pipeline.run(call);
    if (record?.wantsResponse) record.answered(bytesOf(answer));
    return answer;
  }
}

interface Details {
  query: Record<string, unknown>;
  body?: unknown;
  subresource?: string | undefined;
  signal?: AbortSignal | undefined;
  patchType?: PatchType | undefined;
}

function optionsOf(query: Record<string, unknown>): Map<string, string> {
  const options = new Map<string, string>();
  for (const name in query) if (query[name] !== undefined) options.set(name, String(query[name]));
  return options;
}

function dryRunOf(dryRun: boolean | undefined): string | undefined {
  return dryRun ? 'All' : undefined;
}

/** What a write answers. A mere value (a scale, a token) has no stored form. */
function objectOf(answer: Answer): KubeObject {
  if (answer.type === 'object' || answer.type === 'deleted') return answer.object.object;
  if (answer.type === 'value') return answer.value as KubeObject;
  throw new Error(`an object was expected, not ${answer.type}`);
}
