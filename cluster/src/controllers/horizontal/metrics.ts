import { cpuMillis } from '@berth/kube/quantity';
import { formatLabelSelector, type LabelSelectorObject, labelSelectorOf } from '@berth/kube/selectors';
import { type PathApi, resourceOf } from './api.ts';
import { MetricsError } from './problem.ts';
import type { PodMetric, PodMetrics } from './replicas.ts';

/** A figure that does not say over how long it was taken. */
const defaultWindow = 60_000;

interface List<T> {
  items?: T[];
}
interface PodUsage {
  metadata: { name: string };
  timestamp: string;
  window: string;
  containers?: { name: string; usage?: Record<string, string | number> }[];
}
interface MetricValue {
  describedObject?: { name: string };
  timestamp: string;
  windowSeconds?: number;
  value: string | number;
}

/** What pods use of a resource, or one container of each: `metrics.k8s.io`. */
export async function resourceMetrics(
  api: PathApi,
  namespace: string,
  selector: string,
  resource: string,
  container: string | undefined,
): Promise<PodMetrics> {
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?${query({ labelSelector: selector })}`;
  const { items = [] } = await read<List<PodUsage>>(api, path, 'resource');
  if (items.length === 0) throw new MetricsError('no metrics returned from resource metrics API');
  const metrics = new Map<string, PodMetric>();
  for (const { metadata, timestamp, window, containers = [] } of items) {
    const counted = container === undefined ? containers : containers.filter(({ name }) => name === container);
    const usages = counted.map(({ usage }) => usage?.[resource]);
    if (usages.length === 0 || usages.some((usage) => usage === undefined)) continue;
    const value = usages.reduce<number>((sum, usage) => sum + cpuMillis(usage), 0);
    metrics.set(metadata.name, { value, timestamp: Date.parse(timestamp), window: duration(window) });
  }
  return metrics;
}

/** A metric of each pod: `custom.metrics.k8s.io`. */
export async function podMetrics(
  api: PathApi,
  namespace: string,
  selector: string,
  metric: Metric,
): Promise<PodMetrics> {
  const search = query({ labelSelector: selector, metricLabelSelector: selectorText(metric) });
  const path = `${custom}/namespaces/${namespace}/pods/*/${encodeURIComponent(metric.name)}?${search}`;
  const { items = [] } = await read<List<MetricValue>>(api, path, 'custom');
  if (items.length === 0) throw new MetricsError('no metrics returned from custom metrics API');
  return new Map(
    items.map(({ describedObject, timestamp, windowSeconds, value }) => [
      describedObject?.name ?? '',
      {
        value: cpuMillis(value),
        timestamp: Date.parse(timestamp),
        window: windowSeconds === undefined ? defaultWindow : windowSeconds * 1000,
      },
    ]),
  );
}

export interface Metric {
  name: string;
  selector?: LabelSelectorObject;
}

/** A metric of one object, in thousandths. */
export async function objectMetric(
  api: PathApi,
  namespace: string,
  object: { apiVersion?: string; kind: string; name: string },
  metric: Metric,
): Promise<number> {
  const search = query({ metricLabelSelector: selectorText(metric) });
  const name = encodeURIComponent(metric.name);
  let where = `${custom}/namespaces/${namespace}/metrics/${name}`;
  if (object.kind !== 'Namespace' || object.apiVersion?.includes('/')) {
    const { group, resource } = await served(api, object);
    const qualified = group === '' ? resource : `${resource}.${group}`;
    where = `${custom}/namespaces/${namespace}/${qualified}/${object.name}/${name}`;
  }
  const { items = [] } = await read<List<MetricValue>>(api, `${where}?${search}`, 'custom');
  const [only, ...others] = items;
  if (!only || others.length > 0) {
    const message = `the custom metrics API server returned ${items.length} results when we asked for exactly one`;
    throw new MetricsError(`unable to fetch metrics from custom metrics API: ${message}`);
  }
  return cpuMillis(only.value);
}

async function served(api: PathApi, { apiVersion = 'v1', kind }: { apiVersion?: string; kind: string }) {
  return resourceOf(api, apiVersion, kind).catch((error: Error) => {
    const message = `unable to map kind ${kind} to resource: ${error.message}`;
    throw new MetricsError(`unable to fetch metrics from custom metrics API: ${message}`);
  });
}

/** The sum of a metric that belongs to no object of the cluster, in thousandths: `external.metrics.k8s.io`. */
export async function externalMetric(api: PathApi, namespace: string, metric: Metric): Promise<number> {
  const search = query({ labelSelector: selectorText(metric) });
  const name = encodeURIComponent(metric.name);
  const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}?${search}`;
  const { items = [] } = await read<List<MetricValue>>(api, path, 'external');
  if (items.length === 0) throw new MetricsError('no metrics returned from external metrics API');
  return items.reduce((sum, { value }) => sum + cpuMillis(value), 0);
}

const custom = '/apis/custom.metrics.k8s.io/v1beta2';

async function read<T>(api: PathApi, path: string, which: string): Promise<T> {
  try {
    return (await api.get(path)) as T;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new MetricsError(`unable to fetch metrics from ${which} metrics API: ${message}`);
  }
}

function selectorText({ selector }: Metric): string {
  return selector === undefined ? '' : formatLabelSelector(labelSelectorOf(selector) ?? []);
}

function query(fields: Record<string, string>): string {
  return new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== '')).toString();
}

/** A duration as Go writes it: `30s`, `1m0s`, `10.5s`. */
function duration(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  let total = 0;
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)(h|ms|m|s)/g))
    total += Number(amount) * (units[unit] ?? 0);
  return total;
}
