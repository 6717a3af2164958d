import type { Pod } from '@berth/kube/objects';
import { isPodLevel } from '@berth/kube/pods';
import { amountsOf, podUsage } from '../../quota/index.ts';
import { type Signal, type Starved, starvedOf } from './signals.ts';
import type { DiskUse, PodUse } from './use.ts';

/** A pod, and what it uses where that is known. */
export interface Candidate {
  pod: Pod;
  use: PodUse | undefined;
}

/**
 * The order in which pods have to go when a signal's threshold is met: those of which nothing is known, then those that use more than they
 * request, then by priority, then by how much more than their request they use. Equal ones stay as they are. `apart`: images and writable
 * layers have a file system of their own.
 */
export function rank<T extends Candidate>(candidates: readonly T[], signal: Signal, apart: boolean): T[] {
  const by = orders(signal, apart);
  return candidates.toSorted((a, b) => {
    for (const order of by) {
      const result = order(a, b);
      if (result !== 0) return result;
    }
    return 0;
  });
}

type Order = (a: Candidate, b: Candidate) => number;

function orders(signal: Signal, apart: boolean): Order[] {
  const starved = starvedOf[signal];
  if (starved === 'pids') return [byPriority, known(({ processes }) => BigInt(processes))];
  if (starved === 'memory') {
    const excess = (use: PodUse, pod: Pod) => whole(use.memoryBytes) - requestOf(pod, 'memory');
    return [known((use, pod) => (excess(use, pod) > 0n ? 1n : 0n)), byPriority, known(excess)];
  }
  const measured = measuredBy(signal, apart);
  const used = (use: PodUse, pod: Pod) => whole(diskUse(pod, use, measured)[starved === 'inodes' ? 'inodes' : 'bytes']);
  return [
    known((use, pod) => (used(use, pod) > requestOf(pod, starved) ? 1n : 0n)),
    byPriority,
    // Kubelet takes the request of bytes from files too; so the order is the same.
    known((use, pod) => used(use, pod) - requestOf(pod, 'ephemeral-storage')),
  ];
}

const byPriority: Order = (a, b) => (a.pod.spec?.priority ?? 0) - (b.pod.spec?.priority ?? 0);

/** The larger figure first, and before all those that have none. */
function known(figure: (use: PodUse, pod: Pod) => bigint): Order {
  return (a, b) => {
    if (!a.use || !b.use) return Number(b.use === undefined) - Number(a.use === undefined);
    const [first, second] = [figure(a.use, a.pod), figure(b.use, b.pod)];
    return first > second ? -1 : first < second ? 1 : 0;
  };
}

interface Measured {
  layers: boolean;
  logsAndVolumes: boolean;
}

function measuredBy(signal: Signal, apart: boolean): Measured {
  if (!apart) return { layers: true, logsAndVolumes: true };
  const ofImages = signal === 'imagefs.available' || signal === 'imagefs.inodesFree';
  return { layers: ofImages, logsAndVolumes: !ofImages };
}

function diskUse(pod: Pod, use: PodUse, { layers, logsAndVolumes }: Measured): DiskUse {
  const local = new Set((pod.spec?.volumes ?? []).filter(isLocal).map(({ name }) => name));
  const parts = [
    ...use.containers.flatMap(({ layer, logs }) => [layers ? layer : undefined, logsAndVolumes ? logs : undefined]),
    ...(logsAndVolumes ? use.volumes.filter(({ name }) => local.has(name)) : []),
  ].filter((part) => part !== undefined);
  return {
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    inodes: parts.reduce((sum, { inodes }) => sum + inodes, 0),
  };
}

type Volume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number];

/** What lies on the node's disk for as long as the pod lives. */
export const isEphemeral = ({ emptyDir, configMap }: Volume): boolean =>
  (emptyDir !== undefined && emptyDir.medium !== 'Memory') || configMap !== undefined;

const isLocal = (volume: Volume): boolean => volume.hostPath !== undefined || isEphemeral(volume);

/** Billionths, as quantities count. */
function requestOf(pod: Pod, name: Starved): bigint {
  const { resources, overhead, ...spec } = pod.spec ?? { containers: [] };
  // What a pod as a whole asks for stands for all that its containers do.
  const isWhole = Object.keys({ ...resources?.requests, ...resources?.limits }).some(isPodLevel);
  const requests = isWhole ? amountsOf(resources?.requests) : podUsage({ ...pod, spec, status: {} }, 'requests');
  const request = requests[name]?.nanos ?? 0n;
  return request === 0n ? 0n : request + (amountsOf(overhead)[name]?.nanos ?? 0n);
}

const whole = (number: number): bigint => BigInt(number) * 1_000_000_000n;
