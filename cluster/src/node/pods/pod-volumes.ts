import { isBerthError } from '@berth/kube/errors';
import { type KubeObject, type ObjectKey, type Pod, type Resource, resources } from '@berth/kube/objects';
import { mountVolumes, refreshVolumes, type VolumeSources } from '../volumes/index.ts';
import type { NodeContext } from './context.ts';
import type { ObservedPod } from './observed.ts';
import { type PodTokens, podTokens } from './tokens.ts';

/** Not sooner than this: a renewal that failed is tried again, not hammered. */
const soonestRenewal = 60_000;

/** A pod's volumes, kept up to date with the objects they are made of; tokens are renewed in time. */
export class PodVolumes {
  readonly #context: NodeContext;
  readonly #pod: () => Pod;
  readonly #observed: ObservedPod;
  readonly #tokens: PodTokens;
  #renewal: NodeJS.Timeout | undefined;
  #over = false;

  constructor(context: NodeContext, pod: () => Pod, observed: ObservedPod) {
    this.#context = context;
    this.#pod = pod;
    this.#observed = observed;
    this.#tokens = podTokens(context.client, pod(), context.now);
  }

  /** Throws when something is missing, after an event that says what. */
  async mount(): Promise<void> {
    const { directories, processes, recorder } = this.#context;
    if (!processes) return;
    try {
      await mountVolumes(this.#pod(), directories, this.#sources());
    } catch (error) {
      recorder.record(this.#pod(), 'Warning', 'FailedMount', error instanceof Error ? error.message : String(error));
      throw error;
    }
    this.#renewTokens();
  }

  async refresh(): Promise<void> {
    const { directories, processes } = this.#context;
    if (processes) await refreshVolumes(this.#pod(), directories, this.#sources());
  }

  stop(): void {
    this.#over = true;
    clearTimeout(this.#renewal);
  }

  #renewTokens(): void {
    clearTimeout(this.#renewal);
    const at = this.#tokens.nextRenewal();
    if (at === undefined || this.#over) return;
    const renew = async () => {
      await this.refresh().catch((error) => this.#context.logger.warn({ err: error }, 'a token could not be renewed'));
      this.#renewTokens();
    };
    this.#renewal = setTimeout(() => void renew(), Math.max(at - this.#context.now(), soonestRenewal));
    this.#renewal.unref();
  }

  #sources(): VolumeSources {
    const { references, services, hostIps, allocatable } = this.#context;
    const pod = this.#pod();
    return {
      configMap: (name) => references.configMap(pod, name),
      secret: (name) => references.secret(pod, name),
      services: () => services(pod.metadata.namespace ?? ''),
      podIps: this.#observed.sandboxes[0]?.ips ?? [],
      hostIps,
      allocatable,
      token: (request) => this.#tokens.get(request),
      claim: (name) => this.#find(resources.persistentVolumeClaims, { namespace: pod.metadata.namespace ?? '', name }),
      persistentVolume: (name) => this.#find(resources.persistentVolumes, { name }),
    };
  }

  async #find<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#context.client.get(resource, key);
    } catch (error) {
      if (isBerthError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}
