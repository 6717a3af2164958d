import type { CgroupUse, NodeSample } from '../stats/index.ts';
import type { Family, Series } from './exposition.ts';

const seconds = (nanoseconds: number) => nanoseconds / 1e9;
const cpu = ({ cpuNanoseconds }: CgroupUse) => seconds(cpuNanoseconds);
const memory = ({ workingSetBytes }: CgroupUse) => workingSetBytes;
const swap = ({ swapBytes }: CgroupUse) => swapBytes;

/** `/metrics/resource`: the little that autoscalers need. Names and texts are those of kubelet's resource metrics. */
export function resourceMetrics(sample: NodeSample): Family[] {
  const containers = (value: (use: CgroupUse) => number): Series[] =>
    sample.pods.flatMap(({ namespace, name: pod, containers }) =>
      containers.map(({ name, use, at }) => ({ labels: { container: name, namespace, pod }, value: value(use), at })),
    );
  const pods = (value: (use: CgroupUse) => number): Series[] =>
    sample.pods.map(({ namespace, name: pod, use, at }) => ({ labels: { namespace, pod }, value: value(use), at }));
  const node = (value: (use: CgroupUse) => number): Series[] => [
    { labels: {}, value: value(sample.use), at: sample.at },
  ];
  const starts = sample.pods.flatMap(({ namespace, name: pod, containers }) =>
    containers.map(({ name, startedAt }) => ({ labels: { container: name, namespace, pod }, value: startedAt / 1000 })),
  );
  const counter = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'counter', series });
  const gauge = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'gauge', series });
  const failed = [{ labels: {}, value: 0 }];
  return [
    counter(
      'container_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      containers(cpu),
    ),
    gauge(
      'container_memory_working_set_bytes',
      '[STABLE] Current working set of the container in bytes',
      containers(memory),
    ),
    gauge('container_start_time_seconds', '[STABLE] Start time of the container since unix epoch in seconds', starts),
    gauge(
      'container_swap_usage_bytes',
      '[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems',
      containers(swap),
    ),
    counter(
      'node_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      node(cpu),
    ),
    gauge('node_memory_working_set_bytes', '[STABLE] Current working set of the node in bytes', node(memory)),
    gauge(
      'node_swap_usage_bytes',
      '[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems',
      node(swap),
    ),
    counter(
      'pod_cpu_usage_seconds_total',
      '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      pods(cpu),
    ),
    gauge('pod_memory_working_set_bytes', '[STABLE] Current working set of the pod in bytes', pods(memory)),
    gauge(
      'pod_swap_usage_bytes',
      '[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
      pods(swap),
    ),
    gauge(
      'resource_scrape_error',
      '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      failed,
    ),
    gauge(
      'scrape_error',
      '[ALPHA] (Deprecated since 1.29.0) 1 if there was an error while getting container metrics, 0 otherwise',
      failed,
    ),
  ];
}
