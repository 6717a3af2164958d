import type { Pod } from '@berth/kube/objects';
import type { EventRecorder } from '@berth/kube/reconcile';
import { marks, newestOf, type ObservedPod } from '../observed.ts';
import type { Refusal } from './admission.ts';
import { type Resources, resizableContainers, resourcesOf, withResources } from './amounts.ts';
import { isUnderWay } from './changes.ts';
import { resizeMessage } from './message.ts';
import type { ResizeRecords } from './record.ts';

type Condition = NonNullable<NonNullable<Pod['status']>['conditions']>[number];

export const resizeConditions = ['PodResizePending', 'PodResizeInProgress'] as const;

export interface PodResizeOptions {
  pod: Pod;
  observed: ObservedPod;
  records: ResizeRecords;
  recorder: Pick<EventRecorder, 'record'>;
  now(): number;
}

/**
 * What one pod asks for, what the node has admitted of it, and what its containers have: three things while it is being resized. Also tells of
 * it, by conditions and events as kubelet's. Source: KEP-1287.
 */
export class PodResize {
  readonly #options: PodResizeOptions;
  readonly #uid: string;
  /** As the API has it. */
  #desired: Pod;
  /** By container name. */
  #allocated: ReadonlyMap<string, Resources>;
  #pod: Pod;
  #pending: Condition | undefined;
  #inProgress: Condition | undefined;
  #kept: Promise<void> = Promise.resolve();
  /** Something else is asked for than was admitted. */
  isPending: boolean;

  constructor(options: PodResizeOptions) {
    this.#options = options;
    const { pod, observed, records } = options;
    this.#uid = pod.metadata.uid ?? '';
    this.#desired = pod;
    const record = records.of(this.#uid);
    this.adopt();
    // What no record tells was given at birth: the first agent that saw the pod admitted that.
    const born = resizableContainers(pod).flatMap(({ name }) => {
      const given = newestOf(observed, name)?.given;
      return given ? [[name, given] as const] : [];
    });
    this.#allocated = new Map([...resourcesOf(pod), ...born, ...Object.entries(record?.allocated ?? {})]);
    this.#pod = withResources(pod, this.#allocated);
    this.isPending = this.#pod !== pod;
    const known = pod.status?.conditions ?? [];
    this.#pending = this.isPending ? known.find(({ type }) => type === 'PodResizePending') : undefined;
    this.#inProgress = known.find(({ type }) => type === 'PodResizeInProgress');
  }

  /** As the API has it. */
  get desired(): Pod {
    return this.#desired;
  }

  /** With what was admitted: the pod that the node runs. */
  get pod(): Pod {
    return this.#pod;
  }

  /** The node has said of exactly this wish that it never can. */
  get isInfeasible(): boolean {
    const { generation } = this.#desired.metadata;
    return this.#pending?.reason === 'Infeasible' && this.#pending.observedGeneration === generation;
  }

  /** Milliseconds since the epoch, since when it waits. */
  get pendingSince(): number | undefined {
    const since = this.#pending?.lastTransitionTime;
    return since === undefined ? undefined : Date.parse(since);
  }

  get conditions(): Condition[] {
    return [this.#pending, this.#inProgress].filter((condition) => condition !== undefined);
  }

  /** The pod's object changed. */
  take(pod: Pod): Pod {
    this.#desired = pod;
    this.#pod = withResources(pod, this.#allocated);
    this.isPending = this.#pod !== pod;
    if (!this.isPending) this.#pending = undefined;
    return this.#pod;
  }

  /** Reads from containers that were found what they were given. */
  adopt(): void {
    const { observed, records } = this.#options;
    const record = records.of(this.#uid);
    for (const container of observed.containers) {
      const given = container.given ?? record?.given[container.id] ?? bornWith(container.annotations[marks.resources]);
      if (given) container.given = given;
      if (record?.replaced.includes(container.id)) container.replaced = true;
    }
  }

  /** What is asked for is admitted from now on. */
  admit(): void {
    const { generation = 0 } = this.#desired.metadata;
    this.#allocated = resourcesOf(this.#desired);
    this.#pod = this.#desired;
    this.isPending = false;
    this.#pending = undefined;
    this.#inProgress = this.#condition('PodResizeInProgress', generation);
    this.#tell('Normal', 'ResizeStarted', resizeMessage(this.#pod, 'started', generation));
    void this.#keep();
  }

  /** It cannot be admitted now, or never. Answers whether that is news. */
  refuse({ reason, message }: Refusal): boolean {
    const { generation = 0 } = this.#desired.metadata;
    const before = this.#pending;
    const isKnown = before?.reason === reason && before.observedGeneration === generation;
    if (isKnown && before.message === message) return false;
    this.#pending = this.#condition('PodResizePending', generation, { reason, message, before });
    if (!isKnown) this.#tell('Warning', `Resize${reason}`, resizeMessage(this.#desired, reason, generation, message));
    return true;
  }

  /** Takes in how far the resize is, before the pod's status is told. */
  settle(): void {
    const { generation = 0 } = this.#pod.metadata;
    if (isUnderWay(this.#pod, this.#options.observed)) {
      this.#inProgress ??= this.#condition('PodResizeInProgress', generation);
      return;
    }
    if (!this.#inProgress) return;
    const of = this.#inProgress.observedGeneration ?? generation;
    this.#inProgress = undefined;
    this.#tell('Normal', 'ResizeCompleted', resizeMessage(this.#pod, 'completed', of));
  }

  /** What was admitted could not be carried out; it is tried again. */
  fail(message: string): void {
    const before = this.#inProgress;
    if (before?.reason === 'Error' && before.message === message) return;
    const of = before?.observedGeneration ?? this.#pod.metadata.generation ?? 0;
    this.#inProgress = this.#condition('PodResizeInProgress', of, { reason: 'Error', message, before });
    this.#tell('Warning', 'ResizeError', resizeMessage(this.#pod, 'error', of, message));
  }

  /** The runtime took it. */
  async given(id: string, resources: Resources): Promise<void> {
    const container = this.#options.observed.containers.find((found) => found.id === id);
    if (container) container.given = resources;
    await this.#keep();
  }

  /** A container is about to be ended for one with other resources. */
  async replace(id: string): Promise<void> {
    const container = this.#options.observed.containers.find((found) => found.id === id);
    if (container) container.replaced = true;
    await this.#keep();
  }

  /** Resolves when an agent that is started anew would find all that was decided. What could not be written is tried again; rejects when that fails too. */
  kept(): Promise<void> {
    return this.#kept.catch(() => this.#keep());
  }

  get wasResized(): boolean {
    return this.#options.records.of(this.#uid) !== undefined;
  }

  #keep(): Promise<void> {
    const { containers } = this.#options.observed;
    this.#kept = this.#options.records.keep(this.#uid, {
      allocated: Object.fromEntries(this.#allocated),
      given: Object.fromEntries(containers.flatMap(({ id, given }) => (given ? [[id, given]] : []))),
      replaced: containers.flatMap(({ id, replaced }) => (replaced ? [id] : [])),
    });
    // Whoever acts on it asks, and hears of the failure then.
    this.#kept.catch(() => undefined);
    return this.#kept;
  }

  #tell(severity: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.recorder.record(this.#desired, severity, reason, message);
  }

  #condition(
    type: string,
    generation: number,
    told?: { reason: string; message: string; before: Condition | undefined },
  ): Condition {
    const time = new Date(this.#options.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const same = told?.before !== undefined && told.before.reason === told.reason;
    return {
      type,
      status: 'True',
      lastProbeTime: time,
      lastTransitionTime: (same ? told.before?.lastTransitionTime : undefined) ?? time,
      observedGeneration: generation,
      ...(told ? { reason: told.reason, message: told.message } : {}),
    };
  }
}

function bornWith(annotation: string | undefined): Resources | undefined {
  return annotation === undefined ? undefined : (JSON.parse(annotation) as Resources);
}
