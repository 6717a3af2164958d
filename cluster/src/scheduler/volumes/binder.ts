import { type Clock, type Informers, type KubeClient, sleep } from '@berth/kube/client';
import { BerthError } from '@berth/kube/errors';
import { keyOf, type Node, type PersistentVolumeClaim, type Pod, resources } from '@berth/kube/objects';
import { annotations, claimNamesOf, isReachable } from '../../claims/index.ts';
import { isBound } from './plan.ts';
import type { StorageView, VolumePlan } from './types.ts';

/** How long a pod waits for its volumes before it is tried anew, in milliseconds: kube-scheduler's `bindTimeoutSeconds`. */
const bindTimeout = 600_000;

export interface VolumeBinderOptions {
  client: KubeClient;
  informers: Informers;
  clock: Clock;
  signal: AbortSignal;
  /** A claim, volume or class changed in a way that pods may wait for. */
  changed(): void;
}

/** Writes what was planned for a pod's claims, and waits for the claims to be bound. */
export class VolumeBinder {
  readonly storage: StorageView;
  readonly #options: VolumeBinderOptions;
  /** Claims as they will be, by key: what is decided counts for the next pod already. */
  readonly #assumed = new Map<string, PersistentVolumeClaim>();
  readonly #taken = new Set<string>();
  readonly #waiting = new Set<() => void>();

  constructor(options: VolumeBinderOptions) {
    this.#options = options;
    const { informers, changed } = options;
    const claims = informers.of(resources.persistentVolumeClaims);
    const volumes = informers.of(resources.persistentVolumes);
    const classes = informers.of(resources.storageClasses);
    this.storage = {
      claim: (namespace, name) => this.#assumed.get(`${namespace}/${name}`) ?? claims.get({ namespace, name }),
      volume: (name) => volumes.get({ name }),
      volumes: () => volumes.list(),
      storageClass: (name) => classes.get({ name }),
      taken: this.#taken,
    };
    const tell = () => {
      for (const look of [...this.#waiting]) look();
      changed();
    };
    claims.subscribe(tell);
    volumes.subscribe(tell);
    classes.subscribe(tell);
  }

  /** Counts the plan as done for the pods that are decided next; answers how to take that back. */
  assume({ bindings, provisions }: VolumePlan, node: string): () => void {
    const keys: string[] = [];
    const put = (claim: PersistentVolumeClaim, mark: Record<string, string>, spec: object = {}) => {
      const { metadata } = claim;
      const assumed = {
        ...claim,
        metadata: { ...metadata, annotations: { ...metadata.annotations, ...mark } },
        spec: { ...claim.spec, ...spec },
      } as PersistentVolumeClaim;
      keys.push(keyOf(claim));
      this.#assumed.set(keyOf(claim), assumed);
    };
    for (const claim of provisions) put(claim, { [annotations.selectedNode]: node });
    for (const { claim, volume } of bindings) {
      this.#taken.add(volume.metadata.name);
      put(claim, { [annotations.bindCompleted]: 'yes' }, { volumeName: volume.metadata.name });
    }
    return () => {
      for (const key of keys) this.#assumed.delete(key);
      for (const { volume } of bindings) this.#taken.delete(volume.metadata.name);
    };
  }

  /**
   * Tells volumes and provisioners, and resolves when every claim of the pod is bound. Rejects when the node will not do any
   * more, or after ten minutes: the pod is then decided anew.
   */
  async bind(pod: Pod, node: Node, { bindings, provisions }: VolumePlan): Promise<void> {
    const { client, signal } = this.#options;
    for (const { claim, volume } of bindings) {
      const { name, namespace, uid, resourceVersion } = claim.metadata;
      const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
      const marks = volume.spec?.claimRef ? {} : { annotations: { [annotations.boundByController]: 'yes' } };
      const metadata = { ...versionOf(volume), ...marks };
      const patch = { type: 'merge' as const, body: { metadata, spec: { claimRef } } };
      await client.patch(resources.persistentVolumes, { name: volume.metadata.name }, patch, { signal });
    }
    for (const claim of provisions) {
      if (claim.metadata.annotations?.[annotations.selectedNode] === node.metadata.name) continue;
      const { namespace = '', name } = claim.metadata;
      const marks = { [annotations.selectedNode]: node.metadata.name };
      const patch = { type: 'merge' as const, body: { metadata: { ...versionOf(claim), annotations: marks } } };
      await client.patch(resources.persistentVolumeClaims, { namespace, name }, patch, { signal });
    }
    await this.#untilBound(pod, node, new Set(provisions.map(keyOf)));
  }

  async #untilBound(pod: Pod, node: Node, provisioned: ReadonlySet<string>): Promise<void> {
    const { clock, signal } = this.#options;
    const over = new AbortController();
    const told = new Set<string>();
    const look = (resolve: () => void, reject: (error: unknown) => void) => {
      try {
        if (this.#allBound(pod, node, provisioned, told)) resolve();
      } catch (error) {
        reject(error);
      }
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const again = () => look(resolve, reject);
    this.#waiting.add(again);
    again();
    const late = sleep(clock, bindTimeout, AbortSignal.any([signal, over.signal])).then(() => {
      signal.throwIfAborted();
      if (!over.signal.aborted) throw new BerthError('Timeout', 'timed out waiting for the condition');
    });
    try {
      await Promise.race([promise, late]);
    } finally {
      this.#waiting.delete(again);
      over.abort();
    }
  }

  /** `told`: claims on which our choice of the node was seen, so that its absence is a refusal and no delay of the watch. */
  #allBound(pod: Pod, node: Node, provisioned: ReadonlySet<string>, told: Set<string>): boolean {
    const { informers } = this.#options;
    const { namespace = '' } = pod.metadata;
    let all = true;
    for (const name of claimNamesOf(pod)) {
      const claim = informers.of(resources.persistentVolumeClaims).get({ namespace, name });
      const key = `${namespace}/${name}`;
      if (!claim || claim.metadata.deletionTimestamp) {
        throw new BerthError('Conflict', `persistentvolumeclaim "${name}" ${claim ? 'is being deleted' : 'not found'}`);
      }
      const selected = claim.metadata.annotations?.[annotations.selectedNode];
      if (selected === node.metadata.name) told.add(key);
      else if (provisioned.has(key) && told.has(key)) {
        throw new BerthError('Conflict', `provisioning failed for PVC "${name}"`);
      }
      const volume = this.storage.volume(claim.spec?.volumeName ?? '');
      if (isBound(claim) && volume && !isReachable(volume, node)) {
        throw new BerthError(
          'Conflict',
          `pv "${volume.metadata.name}" node affinity doesn't match node "${node.metadata.name}"`,
        );
      }
      if (!isBound(claim) || !volume) all = false;
    }
    return all;
  }
}

const versionOf = ({
  metadata: { uid, resourceVersion },
}: {
  metadata: { uid?: string; resourceVersion?: string };
}) => ({
  uid,
  resourceVersion,
});
