import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { ForeignApis, ForeignVersion } from '../discovery/foreign.ts';
import type { KindRegistry } from '../kinds.ts';
import type { ForeignOpenApi } from '../openapi/handler.ts';
import { type Dial, dialTcp } from '../proxy/index.ts';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { FrontProxy } from '../types.ts';
import { timestamp } from '../verbs/time.ts';
import type { Endpoints } from '../webhook/index.ts';
import {
  type ApiService,
  apiServices,
  apiServicesPrefix,
  asApiService,
  availableCondition,
  groupVersionOf,
  withAvailable,
} from './api-service.ts';
import { failedDiscovery, obstacleTo, passed, type Verdict } from './availability.ts';
import { aggregatedResources } from './discovery.ts';
import { AggregatedApi } from './forward.ts';
import { publishAuthentication, userHeaders } from './front-proxy.ts';
import { markLocal, syncLocalApiServices } from './local.ts';
import { fetchFrom, targetOf } from './remote.ts';

export interface AggregatorOptions {
  storage: ObjectStorage;
  kinds: KindRegistry;
  /** As whom the server itself acts. */
  client: KubeClient;
  endpoints: Endpoints;
  /** PEM of the authority of the cluster's client certificates. */
  clientCa: string;
  /** With which the server shows aggregated ones that it may speak for users. */
  frontProxy?: FrontProxy | undefined;
  dial?: Dial | undefined;
  now(): Date;
  logger: Logger;
  /** How often aggregated APIs are asked whether they still answer, in milliseconds. Default: 30 s. */
  checkEveryMs?: number;
}

interface Entry {
  apiService: ApiService;
  api: AggregatedApi;
  verdict: Verdict | undefined;
  resources: readonly object[];
  /** Of its OpenAPI document; undefined when it has none. */
  openApiHash?: string | undefined;
}

const self = { name: 'system:kube-aggregator', groups: ['system:masters'] };
const definitionsPrefix = resourcePrefix('apiextensions.k8s.io', 'customresourcedefinitions');
const servicesPrefix = resourcePrefix('', 'services');
const slicesPrefix = resourcePrefix('discovery.k8s.io', 'endpointslices');

/**
 * Keeps APIServices: those of what this server serves come and go with it and are always available; those of other
 * servers are asked whether they answer, and requests for their groups go there.
 */
export class Aggregator implements ForeignApis, ForeignOpenApi {
  readonly #options: AggregatorOptions;
  readonly #dial: Dial;
  /** By `group/version`. */
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new AbortController();
  readonly #stops: (() => void)[] = [];
  #generation = 0;
  #registered = -1;
  #wake = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();

  constructor(options: AggregatorOptions) {
    this.#options = options;
    this.#dial = options.dial ?? dialTcp;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Requests for aggregated APIs go there from now on; the rest is done in the background. */
  start(): void {
    const { storage } = this.#options;
    for (const { object } of storage.list(apiServicesPrefix)) this.#take(asApiService(object));
    const wakeIf = (isNews: boolean) => {
      if (isNews) this.#wake.resolve();
    };
    this.#stops.push(
      storage.listen(apiServicesPrefix, ({ type, object }) => {
        const apiService = asApiService(object.object);
        const before = this.#generation;
        if (type === 'put') this.#take(apiService);
        else this.#drop(apiService);
        // What this writes itself is no news.
        wakeIf(type !== 'put' || before !== this.#generation || !availableCondition(apiService));
      }),
      storage.listen(definitionsPrefix, () => wakeIf(true)),
      storage.listen(servicesPrefix, ({ object }) =>
        wakeIf(this.#concerns(object.object, object.object.metadata.name)),
      ),
      storage.listen(slicesPrefix, ({ object: { object } }) =>
        wakeIf(this.#concerns(object, object.metadata.labels?.['kubernetes.io/service-name'])),
      ),
    );
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#ending.abort();
    this.#wake.resolve();
    await this.#running;
  }

  /** The aggregated API that a path belongs to; undefined when it is served here. */
  find(path: string): AggregatedApi | undefined {
    if (this.#entries.size === 0) return undefined;
    const [, group, version] = /^\/apis\/([^/]+)\/([^/]+)(?:\/|$)/.exec(path) ?? [];
    return group === undefined ? undefined : this.#entries.get(`${group}/${version}`)?.api;
  }

  versions(): ForeignVersion[] {
    return [...this.#entries.values()].map(({ apiService: { spec }, verdict, resources }) => ({
      group: spec.group ?? '',
      version: spec.version,
      groupPriority: spec.groupPriorityMinimum,
      versionPriority: spec.versionPriority,
      isStale: verdict?.status !== 'True',
      resources,
    }));
  }

  /** Whether an object has to do with a service that an APIService names. */
  #concerns({ metadata }: KubeObject, service: string | undefined): boolean {
    return [...this.#entries.values()].some(
      ({ apiService: { spec } }) => spec.service?.name === service && spec.service?.namespace === metadata.namespace,
    );
  }

  openApiHashes(): Map<string, string> {
    const hashes = new Map<string, string>();
    for (const [key, { openApiHash }] of this.#entries)
      if (openApiHash !== undefined) hashes.set(`apis/${key}`, openApiHash);
    return hashes;
  }

  async openApi(path: string): Promise<Buffer | undefined> {
    const entry = this.#entries.get(path.slice('apis/'.length));
    if (!entry || entry.openApiHash === undefined) return undefined;
    const { code, body } = await this.#get(entry, `/openapi/v3/${path}`).catch(() => ({ code: 0, body: '' }));
    return code === 200 ? Buffer.from(body) : undefined;
  }

  #take(apiService: ApiService): void {
    const key = groupVersionOf(apiService);
    const known = this.#entries.get(key);
    if (!apiService.spec.service) {
      this.#drop(apiService);
      return;
    }
    if (known && isDeepStrictEqual(known.apiService.spec, apiService.spec)) {
      known.apiService = apiService;
      return;
    }
    const { endpoints, frontProxy } = this.#options;
    const api = new AggregatedApi(apiService, { endpoints, frontProxy, dial: this.#dial });
    // What was found last holds until it is asked again: nobody is turned away because a priority changes, or this server starts.
    api.isAvailable = known?.api.isAvailable ?? availableCondition(apiService)?.status === 'True';
    this.#entries.set(key, { verdict: undefined, resources: [], ...known, apiService, api });
    this.#generation++;
  }

  #drop(apiService: ApiService): void {
    if (this.#entries.delete(groupVersionOf(apiService))) this.#generation++;
  }

  async #run(): Promise<void> {
    const { client, clientCa, frontProxy, logger, checkEveryMs = 30_000 } = this.#options;
    const { signal } = this.#ending;
    await publishAuthentication(client, { clientCa, frontProxy }).catch((error: unknown) => {
      if (!signal.aborted) logger.error({ err: error }, 'what aggregated APIs need to know could not be published');
    });
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers<void>();
      try {
        await this.#registerLocal();
        await Promise.all([...this.#entries.values()].map((entry) => this.#check(entry)));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'APIServices could not be kept');
        this.#registered = -1;
        await delay(1000, undefined, { signal }).catch(() => {});
        continue;
      }
      // Nobody is asked while there is nobody to ask.
      const rest = this.#entries.size === 0 ? [] : [delay(checkEveryMs, undefined, { signal }).catch(() => {})];
      await Promise.race([this.#wake.promise, ...rest]);
    }
  }

  async #registerLocal(): Promise<void> {
    const { storage, kinds, client } = this.#options;
    const now = () => this.#now();
    if (this.#registered !== kinds.generation) {
      const { generation } = kinds;
      await syncLocalApiServices({ storage, kinds, client, now });
      this.#registered = generation;
    }
    for (const { object } of storage.list(apiServicesPrefix)) {
      const apiService = asApiService(object);
      if (!apiService.spec.service) await markLocal(client, apiService, now()).catch(ignoreOvertaken);
    }
  }

  async #check(entry: Entry): Promise<void> {
    const verdict = obstacleTo(entry.apiService, this.#options.storage) ?? (await this.#ask(entry));
    if (!isDeepStrictEqual(verdict, entry.verdict)) this.#generation++;
    entry.verdict = verdict;
    entry.api.isAvailable = verdict.status === 'True';
    const conditions = withAvailable(entry.apiService, verdict, this.#now());
    if (!conditions) return;
    const { name } = entry.apiService.metadata;
    const body = { status: { conditions } };
    await this.#options.client
      .patch(apiServices, { name }, { type: 'merge', body }, { subresource: 'status' })
      .then(() => {})
      .catch(ignoreOvertaken);
  }

  async #ask(entry: Entry): Promise<Verdict> {
    const { group = '', version } = entry.apiService.spec;
    const path = `/apis/${group}/${version}`;
    let url = path;
    try {
      const { host, port } = this.#target(entry);
      url = `https://${host}:${port}${path}`;
      const { code, body } = await this.#get(entry, path);
      if (code < 200 || code > 299) return failedDiscovery(url, `bad status from ${url}: ${code}`);
      const resources = aggregatedResources(body, { group, version });
      if (!isDeepStrictEqual(resources, entry.resources)) this.#generation++;
      entry.resources = resources;
      entry.openApiHash = await this.#openApiHash(entry, path.slice(1));
      return passed;
    } catch (error) {
      return failedDiscovery(url, (error as Error).message);
    }
  }

  /** As the index of its documents says it; a server without OpenAPI serves its kinds all the same. */
  async #openApiHash(entry: Entry, path: string): Promise<string | undefined> {
    try {
      const { code, body } = await this.#get(entry, '/openapi/v3');
      const { paths } = JSON.parse(code === 200 ? body : '{}') as {
        paths?: Record<string, { serverRelativeURL?: string } | undefined>;
      };
      const address = paths?.[path]?.serverRelativeURL;
      return address === undefined ? undefined : (new URL(address, 'https://x').searchParams.get('hash') ?? '');
    } catch {
      return undefined;
    }
  }

  #target({ apiService }: Entry) {
    const { endpoints, frontProxy } = this.#options;
    return targetOf(apiService, { endpoints, frontProxy });
  }

  async #get(entry: Entry, path: string): Promise<{ code: number; body: string }> {
    const headers = { ...userHeaders(self), accept: 'application/json' } as Record<string, string>;
    return await fetchFrom({ ...this.#target(entry), path, headers }, this.#dial);
  }

  #now(): string {
    return timestamp(this.#options.now());
  }
}

function ignoreOvertaken(error: unknown): void {
  if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
}
