import { isBerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import type { NodeContext } from './context.ts';
import { resizeConditions } from './resize/pod-resize.ts';
import { podStatus, type StatusInput } from './status.ts';

type PodStatus = NonNullable<Pod['status']>;

const always = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'];
const ownConditionTypes = [...always, ...resizeConditions];

/** Keeps a pod's status in the API what it should be: one write at a time, and only the newest of those that wait. */
export class StatusWriter {
  readonly #context: NodeContext;
  /** As it should be in the API, and as it is there as far as we wrote it. */
  #status: Pod['status'];
  #written: Pod['status'];
  #tail: Promise<void> = Promise.resolve();
  #writing = 0;
  /** The object's version after the last write. */
  #version: number;
  readonly #failed: () => void;

  /** `failed` is told when a write has to be tried again. */
  constructor(context: NodeContext, { metadata, status }: Pod, failed: () => void) {
    this.#context = context;
    this.#status = status;
    this.#written = status;
    this.#version = Number(metadata.resourceVersion);
    this.#failed = failed;
  }

  get status(): Pod['status'] {
    return this.#status;
  }

  /** Resolves when everything published up to now is written. */
  get settled(): Promise<void> {
    return this.#tail;
  }

  /** The pod with our own latest status, and what others have written to theirs since. */
  view(pod: Pod): Pod {
    const own = this.#status;
    if (!own) return pod;
    const types = new Set(ownConditionTypes);
    const theirs = (pod.status?.conditions ?? []).filter((condition) => !types.has(condition.type));
    const ours = (own.conditions ?? []).filter((condition) => types.has(condition.type));
    return { ...pod, status: { ...own, conditions: [...ours, ...theirs] } };
  }

  /**
   * Whether the API says otherwise than what was written there: while the node was not heard of, somebody else said that its pods are not
   * ready. Then the next `publish` writes again.
   */
  contradicts(pod: Pod): boolean {
    if (this.#writing > 0 || !this.#written || this.#status !== this.#written) return false;
    // What comes late is what was written before.
    if (Number(pod.metadata.resourceVersion) <= this.#version) return false;
    const theirs = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const ours = this.#written.conditions?.find(({ type }) => type === 'Ready')?.status;
    if (theirs === ours || theirs === undefined) return false;
    this.#written = pod.status;
    this.#status = pod.status;
    return true;
  }

  /** Writes the status when it differs from the one before. Does not wait; answers the status if it is a new one. */
  publish(state: Omit<StatusInput, 'hostIps' | 'runtimeName' | 'now'>): PodStatus | undefined {
    const { hostIps, runtime, now } = this.#context;
    const pod = this.view(state.pod);
    const status = podStatus({ ...state, pod, hostIps, runtimeName: runtime.name, now: now() });
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return undefined;
    this.#status = status;
    this.#writing += 1;
    this.#tail = this.#tail
      .then(() => this.#write(pod, status))
      .finally(() => {
        this.#writing -= 1;
      });
    return status;
  }

  async #write(pod: Pod, status: PodStatus): Promise<void> {
    // A newer one is on its way.
    if (this.#status !== status) return;
    const { namespace = '', name, uid } = pod.metadata;
    const body = { metadata: { uid }, status: statusPatch(status, this.#written) };
    const { client, logger } = this.#context;
    try {
      const patch = { type: 'strategic', body } as const;
      const { metadata } = await client.patch(resources.pods, { namespace, name }, patch, { subresource: 'status' });
      this.#written = status;
      this.#version = Number(metadata.resourceVersion);
    } catch (error) {
      if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict')) return;
      logger.warn({ err: error, pod: name }, 'the status of a pod could not be written');
      if (this.#status === status) this.#status = this.#written;
      this.#failed();
    }
  }
}

/** A status as a strategic merge patch: lists that a merge would join are replaced, fields that are gone are taken out. */
export function statusPatch(status: PodStatus, before: Pod['status']): Record<string, unknown> {
  const body: Record<string, unknown> = { ...status };
  for (const field of ['podIP', 'podIPs', 'reason', 'message'] as const) {
    if (before?.[field] !== undefined && status[field] === undefined) body[field] = null;
  }
  // Joined by type: what a condition no longer says must be taken out of it, and those that are over out of the list.
  const over = resizeConditions.filter((type) => hasCondition(before, type) && !hasCondition(status, type));
  const kept = (status.conditions ?? []).map((condition) => {
    const old = before?.conditions?.find((found) => found.type === condition.type);
    return {
      ...(old?.reason === undefined ? {} : { reason: null }),
      ...(old?.message === undefined ? {} : { message: null }),
      ...condition,
    };
  });
  body.conditions = [...kept, ...over.map((type) => ({ $patch: 'delete', type }))];
  for (const field of ['podIPs', 'hostIPs'] as const) {
    if (status[field] && before?.[field]) body[field] = [{ $patch: 'replace' }, ...status[field]];
  }
  return body;
}

const hasCondition = (status: Pod['status'], type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type) ?? false;
