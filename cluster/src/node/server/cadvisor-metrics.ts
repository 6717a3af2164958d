import type { CgroupUse, ContainerSample, InterfaceUse, NodeSample, PodSample } from '../stats/index.ts';
import type { Family, Series } from './exposition.ts';

/** A cgroup with the labels that cAdvisor gives it. */
interface Place {
  labels: { container: string; id: string; image: string; name: string; namespace: string; pod: string };
  use: CgroupUse;
  at: number;
  interfaces: readonly InterfaceUse[];
  startedAt: number;
  container?: ContainerSample;
}

const nowhere = { container: '', image: '', name: '', namespace: '', pod: '' };

/** `/metrics/cadvisor`: the machine, each pod, and each container. Names, labels and texts are those of cAdvisor in kubelet. */
export function cadvisorMetrics(sample: NodeSample): Family[] {
  const { use, at, interfaces, startedAt } = sample;
  const places: Place[] = [
    { labels: { ...nowhere, id: '/' }, use, at, interfaces, startedAt },
    ...sample.pods.flatMap(placesOf),
  ];
  const each = (value: (place: Place) => number | undefined, more: Record<string, string> = {}): Series[] =>
    places.flatMap((place) => {
      const found = value(place);
      return found === undefined ? [] : [{ labels: { ...place.labels, ...more }, value: found, at: place.at }];
    });
  const figure = (key: keyof Omit<CgroupUse, 'io'>, scale = 1) => each((place) => place.use[key] * scale);
  const limited = (key: 'periods' | 'throttledPeriods' | 'throttledNanoseconds', scale = 1) =>
    each(({ use, container }) => (container?.resources.cpuQuota === undefined ? undefined : use[key] * scale));
  const links = (key: keyof Omit<InterfaceUse, 'name'>): Series[] =>
    places.flatMap(({ labels, interfaces, at }) =>
      interfaces.map((link) => ({ labels: { ...labels, interface: link.name }, value: link[key], at })),
    );
  const disks = (key: keyof Omit<CgroupUse['io'][number], 'device'>): Series[] =>
    places.flatMap(({ labels, use, at }) =>
      use.io.map((one) => ({ labels: { ...labels, device: one.device }, value: one[key], at })),
    );
  const counter = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'counter', series });
  const gauge = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'gauge', series });
  const failures = [
    ...each(({ use }) => use.pageFaults, { failure_type: 'pgfault', scope: 'hierarchy' }),
    ...each(({ use }) => use.majorPageFaults, { failure_type: 'pgmajfault', scope: 'hierarchy' }),
  ];
  return [
    counter('container_cpu_cfs_periods_total', 'Number of elapsed enforcement period intervals.', limited('periods')),
    counter(
      'container_cpu_cfs_throttled_periods_total',
      'Number of throttled period intervals.',
      limited('throttledPeriods'),
    ),
    counter(
      'container_cpu_cfs_throttled_seconds_total',
      'Total time duration the container has been throttled.',
      limited('throttledNanoseconds', 1e-9),
    ),
    counter(
      'container_cpu_system_seconds_total',
      'Cumulative system cpu time consumed in seconds.',
      figure('cpuSystemNanoseconds', 1e-9),
    ),
    counter(
      'container_cpu_usage_seconds_total',
      'Cumulative cpu time consumed in seconds.',
      each(({ use }) => use.cpuNanoseconds / 1e9, { cpu: 'total' }),
    ),
    counter(
      'container_cpu_user_seconds_total',
      'Cumulative user cpu time consumed in seconds.',
      figure('cpuUserNanoseconds', 1e-9),
    ),
    counter('container_fs_reads_bytes_total', 'Cumulative count of bytes read', disks('readBytes')),
    counter('container_fs_reads_total', 'Cumulative count of reads completed', disks('reads')),
    gauge(
      'container_fs_usage_bytes',
      'Number of bytes that are consumed by the container on this filesystem.',
      each(({ container }) => container?.writableLayerBytes),
    ),
    counter('container_fs_writes_bytes_total', 'Cumulative count of bytes written', disks('writtenBytes')),
    counter('container_fs_writes_total', 'Cumulative count of writes completed', disks('writes')),
    gauge(
      'container_last_seen',
      'Last time a container was seen by the exporter',
      each(({ at }) => Math.floor(at / 1000)),
    ),
    gauge('container_memory_cache', 'Number of bytes of page cache memory.', figure('cacheBytes')),
    counter('container_memory_failcnt', 'Number of memory usage hits limits', figure('memoryFailures')),
    counter('container_memory_failures_total', 'Cumulative count of memory allocation failures.', failures),
    gauge('container_memory_mapped_file', 'Size of memory mapped files in bytes.', figure('mappedFileBytes')),
    gauge('container_memory_max_usage_bytes', 'Maximum memory usage recorded in bytes', figure('mostMemoryBytes')),
    gauge('container_memory_rss', 'Size of RSS in bytes.', figure('rssBytes')),
    gauge('container_memory_swap', 'Container swap usage in bytes.', figure('swapBytes')),
    gauge(
      'container_memory_usage_bytes',
      'Current memory usage in bytes, including all memory regardless of when it was accessed',
      figure('memoryBytes'),
    ),
    gauge('container_memory_working_set_bytes', 'Current working set in bytes.', figure('workingSetBytes')),
    counter('container_network_receive_bytes_total', 'Cumulative count of bytes received', links('receivedBytes')),
    counter(
      'container_network_receive_errors_total',
      'Cumulative count of errors encountered while receiving',
      links('receiveErrors'),
    ),
    counter(
      'container_network_receive_packets_dropped_total',
      'Cumulative count of packets dropped while receiving',
      links('receiveDrops'),
    ),
    counter(
      'container_network_receive_packets_total',
      'Cumulative count of packets received',
      links('receivedPackets'),
    ),
    counter('container_network_transmit_bytes_total', 'Cumulative count of bytes transmitted', links('sentBytes')),
    counter(
      'container_network_transmit_errors_total',
      'Cumulative count of errors encountered while transmitting',
      links('sendErrors'),
    ),
    counter(
      'container_network_transmit_packets_dropped_total',
      'Cumulative count of packets dropped while transmitting',
      links('sendDrops'),
    ),
    counter(
      'container_network_transmit_packets_total',
      'Cumulative count of packets transmitted',
      links('sentPackets'),
    ),
    counter(
      'container_oom_events_total',
      'Count of out of memory events observed for the container',
      figure('outOfMemoryKills'),
    ),
    gauge('container_processes', 'Number of processes running inside the container.', figure('processes')),
    gauge('container_scrape_error', '1 if there was an error while getting container metrics, 0 otherwise', [
      { labels: {}, value: 0 },
    ]),
    gauge(
      'container_spec_cpu_period',
      'CPU period of the container.',
      each(({ container }) => container?.resources.cpuPeriod),
    ),
    gauge(
      'container_spec_cpu_quota',
      'CPU quota of the container.',
      each(({ container }) => container?.resources.cpuQuota),
    ),
    gauge(
      'container_spec_cpu_shares',
      'CPU share of the container.',
      each(({ container }) => container?.resources.cpuShares),
    ),
    gauge(
      'container_spec_memory_limit_bytes',
      'Memory limit for the container.',
      each(({ container }) => container && (container.resources.memoryLimit ?? 0)),
    ),
    gauge(
      'container_start_time_seconds',
      'Start time of the container since unix epoch in seconds.',
      each(({ startedAt }) => Math.floor(startedAt / 1000)),
    ),
    gauge('machine_cpu_cores', 'Number of logical CPU cores.', [{ labels: {}, value: sample.cpus, at }]),
    gauge('machine_memory_bytes', 'Amount of memory installed on the machine.', [
      { labels: {}, value: sample.memoryBytes, at },
    ]),
  ];
}

/** The links of a pod are told with its sandbox, as with containerd. */
function placesOf(sample: PodSample): Place[] {
  const { namespace, name: pod, cgroup, use, at, startedAt, interfaces, sandboxId } = sample;
  const labels = { ...nowhere, namespace, pod };
  return [
    { labels: { ...labels, id: cgroup, name: sandboxId }, use, at, startedAt, interfaces },
    ...sample.containers.map((container) => ({
      labels: {
        container: container.name,
        id: container.cgroup,
        image: container.image,
        name: container.id,
        namespace,
        pod,
      },
      use: container.use,
      at: container.at,
      startedAt: container.startedAt,
      interfaces: [],
      container,
    })),
  ];
}
