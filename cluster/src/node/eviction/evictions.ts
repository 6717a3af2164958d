import type { Pod } from '@berth/kube/objects';
import { isCritical } from './admit.ts';
import { hasLimits, limitExceeded } from './limits.ts';
import { evictionMessage } from './message.ts';
import { judgePressure, noPressure, type PressureState, thresholdsMet } from './pressure.ts';
import { rank } from './rank.ts';
import { type Observations, type Pressure, type Signal, type Starved, starvedOf } from './signals.ts';
import type { EvictionSettings, Threshold } from './thresholds.ts';
import type { PodUse } from './use.ts';

export interface Eviction {
  message: string;
  /** Seconds. */
  grace: number;
  /** For want of something on the node, and not for a limit of its own. */
  disrupted: boolean;
}

/** What evictions are made of: how to look, and what can be done. */
interface EvictionParts {
  thresholds: readonly Threshold[];
  settings: Pick<EvictionSettings, 'maxPodGracePeriod' | 'pressureTransitionPeriod'>;
  now(): number;
  observe(): Promise<Observations>;
  /** Whether images and writable layers have a file system of their own. */
  apart(): Promise<boolean>;
  /** Pods of the node that have not reached their end. */
  pods(): readonly Pod[];
  /** By uid, what these pods use of what is short; those of which nothing is known are left out. */
  use(pods: readonly Pod[], starved: Starved): Promise<ReadonlyMap<string, PodUse>>;
  /** Removes the containers of pods that reached their end, and images that nobody uses. */
  reclaim: { containers(): Promise<void>; images(): Promise<void> };
  evict(pod: Pod, eviction: Eviction): void;
  /** Says of the node that something is short. */
  warn(reason: string, message: string): void;
}

export interface Evictions {
  /** What the node was short of at the last look, and for a while before. */
  pressures(): readonly Pressure[];
  /** Looks once, and does the least that helps. Answers the pods that have to go, one for want of something on the node. */
  look(): Promise<Pod[]>;
}

const immediately = 1;

/** As kubelet's eviction manager. Source: "Node-pressure Eviction" of the Kubernetes documentation. */
export function createEvictions(parts: EvictionParts): Evictions {
  const { thresholds, settings } = parts;
  let state: PressureState = noPressure;
  let pressures: readonly Pressure[] = [];

  async function look(): Promise<Pod[]> {
    const observations = await parts.observe();
    const around = { before: state, now: parts.now(), transitionPeriod: settings.pressureTransitionPeriod };
    const judged = judgePressure(thresholds, observations, around);
    ({ state, pressures } = judged);
    const over = await pastLimits();
    if (over.length > 0) return over;
    const [first] = judged.acting;
    if (!first) return [];
    const starved = starvedOf[first.signal];
    parts.warn('EvictionThresholdMet', `Attempting to reclaim ${starved}`);
    if (await reclaimed(first.signal)) return [];
    return await evictOne(first, judged.acting, observations);
  }

  async function pastLimits(): Promise<Pod[]> {
    const pods = parts.pods().filter(hasLimits);
    if (pods.length === 0) return [];
    const [uses, apart] = await Promise.all([parts.use(pods, 'ephemeral-storage'), parts.apart()]);
    return pods.filter((pod) => {
      const use = uses.get(pod.metadata.uid ?? '');
      const message = use && limitExceeded(pod, use, apart);
      if (message === undefined || isCritical(pod)) return false;
      parts.evict(pod, { message, grace: immediately, disrupted: false });
      return true;
    });
  }

  /** Whether the node could help itself. */
  async function reclaimed(signal: Signal): Promise<boolean> {
    if (signal === 'memory.available' || signal === 'pid.available') return false;
    // Where images have a disk of their own, taking some away gives the node's no room.
    if ((await parts.apart()) && signal.startsWith('nodefs.')) return false;
    await parts.reclaim.containers();
    await parts.reclaim.images();
    return thresholdsMet(thresholds, await parts.observe(), true).length === 0;
  }

  async function evictOne(
    threshold: Threshold,
    acting: readonly Threshold[],
    observations: Observations,
  ): Promise<Pod[]> {
    const pods = parts.pods();
    if (pods.length === 0) return [];
    const [uses, apart] = await Promise.all([parts.use(pods, starvedOf[threshold.signal]), parts.apart()]);
    const candidates = pods.map((pod) => ({ pod, use: uses.get(pod.metadata.uid ?? '') }));
    const chosen = rank(candidates, threshold.signal, apart).find(({ pod }) => !isCritical(pod));
    if (!chosen) return [];
    const { pod } = chosen;
    const asked = Number(pod.spec?.terminationGracePeriodSeconds ?? settings.maxPodGracePeriod);
    const grace = threshold.grace === 0 ? immediately : Math.min(settings.maxPodGracePeriod, asked);
    const message = evictionMessage(starvedOf[threshold.signal], chosen, { acting, observations });
    parts.evict(pod, { message, grace, disrupted: true });
    return [pod];
  }

  return { pressures: () => pressures, look };
}
