/** Why a container is not there yet: shown as its waiting state, and tried again at `retryAt`. */
export interface StartFailure {
  reason: string;
  message: string;
  retryAt: number;
  /** Failures in a row, for the growing pause. */
  count: number;
}

/** What the agent itself knows of a container, beside what the runtime shows. */
export interface ContainerMemory {
  /** The container that `started`, `ready` and `killWith` speak of. */
  id?: string;
  /** The startup probe succeeded, or there is none. */
  started: boolean;
  /** The last verdict of the readiness probe. */
  ready: boolean;
  /** A failed liveness or startup probe or a changed definition: the container is to be ended with this message. */
  killWith?: string;
  /** Milliseconds between the last end and the next start; absent before the first restart. */
  backoff?: number;
  failure?: StartFailure;
  /** The last pull failed; `told`: the back-off was said in an event. */
  pull?: { until: number; delay: number; error: string; told: boolean };
  /** The grace period that the failed probe asks for, in seconds. */
  killGrace?: number;
}

/** What the agent knows of a pod beside its object and the runtime. */
export interface PodMemory {
  containers: Map<string, ContainerMemory>;
  /** Volumes are in place. */
  mounted: boolean;
  /** The pod was ended by the node: it has failed for this reason, whatever its containers say. */
  failed?: {
    reason: string;
    message: string;
    /** Seconds, where it is not the pod's own grace. */
    grace?: number;
    /** For want of something on the node: a condition tells it. */
    disrupted?: boolean;
    /** It was not taken in, and nothing of it ever ran. */
    refused?: boolean;
  };
  /** What it had on the node's disk was given back after its end. */
  released?: boolean;
  /** Preparing volumes or the sandbox failed: not before this time again. */
  retryAt?: number;
  /** The same of a resize. */
  resizeAt?: number;
}

export function memoryOf(memory: PodMemory, name: string): ContainerMemory {
  let found = memory.containers.get(name);
  if (!found) {
    found = { started: false, ready: false };
    memory.containers.set(name, found);
  }
  return found;
}

export const firstBackoff = 10_000;
export const longestBackoff = 300_000;
/** The longest pause before what failed of a pod itself is tried again. */
export const longestRetry = 30_000;
/** The pause before a resize that failed is tried again. */
export const resizeRetry = 10_000;
/** After this long a run a container's next failure counts as its first. */
const goodRun = 600_000;

/** Milliseconds by which clocks are put right now and then; no pause is cut short for that. */
const correction = 10_000;

/**
 * Whether a pause of `length` milliseconds that ends at `until` is still on. One that seems to have more than its length before it is over: the
 * clock was put back, by hours perhaps, and nobody shall wait for those.
 */
export function isPausing(until: number, length: number, now: number): boolean {
  return until > now && until - now <= length + correction;
}

/** The pause before the restart after next. */
export function nextBackoff(current: number | undefined, ranFor: number): number {
  if (current === undefined || ranFor >= goodRun) return firstBackoff;
  return Math.min(current * 2, longestBackoff);
}
