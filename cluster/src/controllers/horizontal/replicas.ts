import type { Pod } from '@berth/kube/objects';
import { isReady, readyCondition } from '../pods/index.ts';
import { MetricsError } from './problem.ts';
import { requestsOf } from './requests.ts';

/** One pod's figure in thousandths, when it was taken, and over how long: both in milliseconds. */
export interface PodMetric {
  value: number;
  timestamp: number;
  window: number;
}
export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** By how much of the target the usage may differ before anything is done. */
export interface Tolerances {
  up: number;
  down: number;
}

/** What a proposal is computed from beside the figures. */
export interface Scope {
  pods: readonly Pod[];
  current: number;
  tolerances: Tolerances;
  now: number;
}

export interface Proposal {
  replicas: number;
  /** In thousandths: on average a pod, or the whole. */
  usage: number;
  /** In percent of what is requested, where that is what is compared. */
  utilization?: number;
}

/** Within this after its start a pod's CPU is looked at with care: it is starting. */
const cpuInitialization = 5 * 60_000;
/** A pod that became unready within this after its start was never ready. */
const initialReadiness = 30_000;
const largest = 2 ** 31 - 1;

/** Replicas for a utilization in percent of the requests. */
export function forUtilization(
  metrics: PodMetrics,
  target: { percent: number; resource: string; container?: string | undefined },
  scope: Scope,
): Proposal {
  const { percent, resource, container } = target;
  const requested = () => requestsOf(scope.pods, resource, container);
  const requests = new Map<string, number>();
  const fallback = Math.max(100, percent);
  const { usage, utilization, replicas } = propose(metrics, resource, scope, {
    prepare() {
      for (const [name, request] of requested()) requests.set(name, request);
    },
    ratio: (figures) => utilizationRatio(figures, requests, percent),
    whole: (name) => Math.trunc(((requests.get(name) ?? 0) * fallback) / 100),
  });
  return { replicas, usage, ...(utilization === undefined ? {} : { utilization }) };
}

/** Replicas for an average of so many thousandths a pod. */
export function forAverage(metrics: PodMetrics, target: number, resource: string, scope: Scope): Proposal {
  return propose(metrics, resource, scope, {
    ratio: (figures) => usageRatio(figures, target),
    whole: () => target,
  });
}

interface Ratio {
  ratio: number;
  usage: number;
  utilization?: number;
}

interface Comparison {
  prepare?(): void;
  ratio(figures: ReadonlyMap<string, number>): Ratio;
  /** What a pod without a figure is taken to use when the others use less than they may. */
  whole(name: string): number;
}

/**
 * Careful with pods that tell nothing: those that are missing are taken to use everything on the way down and nothing on the way up, those
 * that are not ready nothing on the way up; and never is the direction turned by that. Source: "Algorithm details" of the
 * Kubernetes documentation.
 */
function propose(metrics: PodMetrics, resource: string, scope: Scope, comparison: Comparison): Proposal {
  const { pods, current, tolerances, now } = scope;
  if (pods.length === 0) throw new MetricsError('no pods returned by selector while calculating replica count');
  const { ready, unready, missing, ignored } = group(pods, metrics, resource, now);
  const figures = new Map<string, number>();
  for (const [name, { value }] of metrics) if (!ignored.has(name) && !unready.has(name)) figures.set(name, value);
  if (figures.size === 0) throw new MetricsError('did not receive metrics for targeted pods (pods might be unready)');
  comparison.prepare?.();
  const { ratio, ...told } = comparison.ratio(figures);
  const stay = { replicas: current, ...told };
  const upWithUnready = unready.size > 0 && ratio > 1;
  if (!upWithUnready && missing.size === 0) {
    return isWithin(tolerances, ratio) ? stay : { replicas: Math.ceil(ratio * ready), ...told };
  }
  if (ratio < 1) for (const name of missing) figures.set(name, comparison.whole(name));
  if (ratio > 1) for (const name of missing) figures.set(name, 0);
  if (upWithUnready) for (const name of unready) figures.set(name, 0);
  const { ratio: careful } = comparison.ratio(figures);
  const turns = (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1);
  if (isWithin(tolerances, careful) || turns) return stay;
  const replicas = Math.ceil(careful * figures.size);
  return (careful < 1 && replicas > current) || (careful > 1 && replicas < current) ? stay : { replicas, ...told };
}

/** Replicas for one figure about the whole, in thousandths; with none running, as many as the figure holds of the target. */
export function forWhole(usage: number, target: number, scope: Scope): Proposal {
  const { pods, current, tolerances } = scope;
  const ratio = usage / target;
  if (current === 0) return { replicas: Math.ceil(ratio), usage };
  if (isWithin(tolerances, ratio)) return { replicas: current, usage };
  if (pods.length === 0) {
    throw new MetricsError(
      'unable to calculate ready pods: no pods returned by selector while calculating replica count',
    );
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  return { replicas: Math.min(largest, Math.ceil(ratio * ready)), usage };
}

/** Replicas so that each has its share of a figure about the whole, in thousandths. */
export function forShare(usage: number, target: number, running: number, tolerances: Tolerances): Proposal {
  const ratio = usage / (target * running);
  const replicas = isWithin(tolerances, ratio) ? running : Math.min(largest, Math.ceil(usage / target));
  return { replicas, usage: Math.ceil(usage / running) };
}

function isWithin({ up, down }: Tolerances, ratio: number): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

function usageRatio(figures: ReadonlyMap<string, number>, target: number): Ratio {
  const usage = quotient(sum(figures.values()), figures.size);
  return { ratio: usage / target, usage };
}

function utilizationRatio(
  figures: ReadonlyMap<string, number>,
  requests: ReadonlyMap<string, number>,
  percent: number,
): Ratio {
  const known = [...figures].filter(([name]) => requests.has(name));
  const used = sum(known.map(([, value]) => value));
  const requested = sum(known.map(([name]) => requests.get(name) ?? 0));
  if (requested === 0) throw new MetricsError('no metrics returned matched known pods');
  const utilization = quotient(used * 100, requested);
  return { ratio: utilization / percent, utilization, usage: quotient(used, known.length) };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** As whole numbers are divided; figures of memory in thousandths are large. */
function quotient(value: number, by: number): number {
  return Number(BigInt(value) / BigInt(by));
}

interface Groups {
  ready: number;
  unready: Set<string>;
  missing: Set<string>;
  ignored: Set<string>;
}

function group(pods: readonly Pod[], metrics: PodMetrics, resource: string, now: number): Groups {
  const groups: Groups = { ready: 0, unready: new Set(), missing: new Set(), ignored: new Set() };
  for (const pod of pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') groups.ignored.add(name);
    else if (pod.status?.phase === 'Pending') groups.unready.add(name);
    else if (!metric) groups.missing.add(name);
    else if (resource === 'cpu' && isStarting(pod, metric, now)) groups.unready.add(name);
    else groups.ready++;
  }
  return groups;
}

/** Whether the pod's CPU tells of its start and not of its work. */
function isStarting(pod: Pod, { timestamp, window }: PodMetric, now: number): boolean {
  const ready = readyCondition(pod);
  const start = Date.parse(pod.status?.startTime ?? '');
  if (!ready || Number.isNaN(start)) return true;
  const since = Date.parse(ready.lastTransitionTime ?? '') || 0;
  if (start + cpuInitialization > now) return ready.status === 'False' || timestamp < since + window;
  return ready.status === 'False' && start + initialReadiness > since;
}
