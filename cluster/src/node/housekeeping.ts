import { BerthError } from '@berth/kube/errors';
import type { Node, Pod } from '@berth/kube/objects';
import type { EventRecorder } from '@berth/kube/reconcile';
import type { Logger } from 'pino';
import {
  createEvictions,
  type EvictionSettings,
  imageFilesystem,
  isApart,
  measurePods,
  observeNode,
  type Pressure,
  type Room,
  refusalOf,
  roomForPods,
  thresholdsOf,
  usualEviction,
  watchPressure,
} from './eviction/index.ts';
import { createImageGarbage, type ImageGarbageSettings, usualImageGarbage } from './garbage/index.ts';
import { pauseReference } from './images/index.ts';
import type { PodAgent } from './pods/agent.ts';
import type { Pulls } from './pulls/index.ts';
import { pressureConditions } from './registration/index.ts';
import type { Surroundings } from './stats/index.ts';

/** When a node makes room; kubelet's own settings where nothing is said. */
export interface HousekeepingSettings {
  eviction?: Partial<EvictionSettings>;
  imageGarbage?: Partial<ImageGarbageSettings>;
  /** Milliseconds between two looks at what runs short. */
  monitoringInterval?: number;
}

/** What kubelet v1.35 has. */
export const usualHousekeeping = { eviction: usualEviction, imageGarbage: usualImageGarbage };

export interface HousekeepingOptions {
  settings: HousekeepingSettings;
  around: Surroundings;
  podLogs: string;
  pulls: Pick<Pulls, 'keepOnly'>;
  recorder: Pick<EventRecorder, 'record'>;
  logger: Logger;
  signal: AbortSignal;
}

export interface Housekeeping {
  /** What pods may have of the machine. */
  allocatable: Room;
  /** What the node is short of. */
  pressures(): readonly Pressure[];
  /** Why the node does not take a pod. */
  refusal(pod: Pod): string | undefined;
  /** Begins to look. `changed`: the node is short of something else than before. */
  start(options: { node: Node; agent: Pick<PodAgent, 'worker' | 'workers'>; changed(): void }): void;
}

/** Kubelet's, in milliseconds. */
const [monitoringInterval, imageGarbagePeriod] = [10_000, 300_000];

/** Throws a `BadRequest` that says what is wrong with the settings. */
export function requireHousekeeping({ eviction, imageGarbage }: HousekeepingSettings): void {
  thresholdsOf({ ...usualEviction, ...eviction });
  const { highThreshold, lowThreshold } = { ...usualImageGarbage, ...imageGarbage };
  if (lowThreshold <= highThreshold) return;
  const why = `the low threshold, ${lowThreshold}, is above the high one, ${highThreshold}`;
  throw new BerthError('BadRequest', `image garbage: ${why}`);
}

/** Keeps room on a node: images that nobody uses go when the disk fills up, and pods when something runs short. Throws as `requireHousekeeping`. */
export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { settings, around, recorder, logger, signal } = options;
  const { runtime, machine, now } = around;
  requireHousekeeping(settings);
  const eviction = { ...usualEviction, ...settings.eviction };
  const thresholds = thresholdsOf(eviction);
  const places = { directory: around.directories.pods, runtime, memoryBytes: machine.memoryBytes, now };
  let node: Node | undefined;
  let agent: Pick<PodAgent, 'worker' | 'workers'> = { worker: () => undefined, workers: () => [] };
  const warn = (reason: string, message: string): void => {
    if (node) recorder.record(node, 'Warning', reason, message);
  };
  const imageGarbage = { ...usualImageGarbage, ...settings.imageGarbage };
  const images = createImageGarbage({
    runtime,
    settings: imageGarbage,
    filesystem: () => imageFilesystem(places),
    needed: [pauseReference],
    seen: (ids, at) =>
      options.pulls
        .keepOnly(ids, at)
        // A full disk takes no notes, and is why images have to go.
        .catch((error) => logger.warn({ err: error }, 'the pulls of images that are gone could not be forgotten')),
    warn,
    now,
  });
  const workerOf = ({ metadata }: Pod) => agent.worker(metadata.uid ?? '');
  const evictions = createEvictions({
    thresholds,
    settings: eviction,
    now,
    observe: () => observeNode(places),
    apart: () => isApart(places),
    pods: () =>
      agent
        .workers()
        .filter(({ isActive }) => isActive)
        .map(({ pod }) => pod),
    use(pods, starved) {
      const measured = agent.workers().filter(({ pod }) => pods.includes(pod));
      return measurePods({ around, podLogs: options.podLogs }, measured, starved);
    },
    reclaim: {
      async containers() {
        for (const worker of agent.workers()) await worker.discard().catch(failed);
      },
      images: () => images.removeUnused().catch(failed),
    },
    evict: (pod, how) => workerOf(pod)?.evict(how),
    warn,
  });

  function failed(error: unknown): void {
    logger.warn({ err: error }, 'the node could not make room as it should');
  }

  /** As kubelet, an event only of what failed twice: the first time figures may be old. */
  function keepImages(): void {
    // At a hundred percent none goes for want of room alone, as kubelet has it; how old they are matters nevertheless.
    const look = imageGarbage.highThreshold < 100 ? images.collect : images.look;
    let failedBefore = false;
    const keep = async () => {
      try {
        await look();
        failedBefore = false;
      } catch (error) {
        if (failedBefore) warn('ImageGCFailed', error instanceof Error ? error.message : String(error));
        failed(error);
        failedBefore = true;
      }
    };
    const keeping = setInterval(() => void keep(), imageGarbagePeriod).unref();
    signal.addEventListener('abort', () => clearInterval(keeping), { once: true });
    void keep();
  }

  return {
    allocatable: roomForPods(machine, eviction),
    pressures: evictions.pressures,
    refusal: (pod) => refusalOf(pod, evictions.pressures()),
    start(running) {
      ({ node, agent } = running);
      keepImages();
      void watchPressure({
        evictions,
        interval: settings.monitoringInterval ?? monitoringInterval,
        signal,
        gone: (pod) => workerOf(pod)?.released ?? Promise.resolve(),
        changed(before, after) {
          for (const reason of reasonsOf(before, after)) {
            recorder.record(running.node, 'Normal', reason, `Node ${around.node} status is now: ${reason}`);
          }
          running.changed();
        },
        failed,
      });
    },
  };
}

/** Why events say that what a node is short of has changed: as its conditions do, but of the node. */
function reasonsOf(before: readonly Pressure[], after: readonly Pressure[]): string[] {
  const old = new Map(pressureConditions(before).map(({ type, status }) => [type, status]));
  return pressureConditions(after)
    .filter(({ type, status }) => old.get(type) !== status)
    .map(({ reason }) => reason.replace(/^Kubelet/, 'Node'));
}
