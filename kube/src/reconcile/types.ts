import type { Index } from '../client/cache.ts';
import type { DeleteOptions, Patch } from '../client/types.ts';
import type { BerthError } from '../errors/index.ts';
import type { KubeObject, ObjectKey, Resource } from '../objects/index.ts';
import type { LabelSelector } from '../selectors/index.ts';

/** What the cluster is, as far as a reconciler may see it: synchronous, from caches, never changed by the reader. */
export interface View {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>, where?: { namespace?: string }): readonly T[];
  /** Objects for which the index gives this value. */
  byIndex<T extends KubeObject>(resource: Resource<T>, index: Index<NoInfer<T>>, value: string): readonly T[];
  /** Objects whose controlling owner has this uid. */
  controlledBy<T extends KubeObject>(resource: Resource<T>, uid: string): readonly T[];
  /** Objects of a namespace that have no controlling owner and that the selector matches; one that is absent matches nothing. */
  orphans<T extends KubeObject>(
    resource: Resource<T>,
    where: { namespace: string | undefined; selector: LabelSelector | undefined },
  ): readonly T[];
}

/**
 * One thing to do. The worker carries actions out in order and stops at the first that fails; creations (or deletions) of one
 * resource that follow each other go in growing batches.
 */
export type Action =
  | { type: 'create'; resource: Resource; object: KubeObject; failed?: OnFailure }
  | { type: 'update'; resource: Resource; object: KubeObject; subresource?: string }
  | { type: 'patch'; resource: Resource; key: ObjectKey; patch: Patch; subresource?: string }
  | { type: 'delete'; resource: Resource; key: ObjectKey; options?: DeleteOptions; failed?: OnFailure }
  /**
   * A check at the server, where the view may be behind: `Conflict` (so: decide again) if there is an object with this uid
   * (or any, where none is given) under the key, or any object in the namespace.
   */
  | { type: 'absent'; resource: Resource; key: ObjectKey; uid?: string }
  | { type: 'absent'; resource: Resource; namespace: string }
  /**
   * What only time can tell: a signature, an answer of somebody else. `what` names it; what the answer asks for is carried out
   * in its place.
   */
  | { type: 'ask'; what: string; answer(): Promise<readonly Action[]> }
  | { type: 'event'; about: KubeObject; severity: 'Normal' | 'Warning'; reason: string; message: string };

/** What is to be done, once, when the action was refused: an event, a condition. The failure is retried all the same. */
export type OnFailure = (error: BerthError) => readonly Action[];

export interface Outcome {
  actions: readonly Action[];
  /** Milliseconds after which the object is looked at again although nothing changed. */
  requeueAfter?: number;
}

/**
 * A controller: a pure function of what is. It is called again whenever its object, or an object that `watches` maps
 * to it, changes; never told which event it was; safe to call any number of times.
 *
 * The worker guarantees: one call at a time for a key; the view shows every earlier write of the same worker; failures
 * are retried with exponential back-off (5 ms doubling to 1,000 s, as client-go's default), conflicts at once.
 */
export interface Reconciler<T extends KubeObject = KubeObject> {
  readonly name: string;
  readonly resource: Resource<T>;
  readonly watches: readonly Watched[];
  /** `now`: milliseconds since the epoch. */
  reconcile(object: T, view: View, now: number): Outcome;
}

export interface Watched<W extends KubeObject = KubeObject> {
  resource: Resource<W>;
  /** Keys of the reconciler's own objects that a change of this one concerns. Not given: only kept in the view. */
  concerns?(object: W, view: View): readonly ObjectKey[];
}
