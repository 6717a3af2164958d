import type { Pod } from '@berth/kube/objects';
import type { NodeSample, PodSample } from '../stats/index.ts';
import type { Family, Series } from './exposition.ts';

/** What `/metrics` tells of the agent's own process. Times are milliseconds since the epoch. */
export interface OwnProcess {
  cpuSeconds: number;
  residentBytes: number;
  startedAt: number;
}

/** The process that all agents of this program share. */
export function ownProcess(now: number): OwnProcess {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startedAt: now - process.uptime() * 1000,
  };
}

/** `/metrics`: the agent itself and the claims of its pods, by kubelet's names. */
export function agentMetrics(sample: NodeSample, { version, own }: { version: string; own: OwnProcess }): Family[] {
  const counter = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'counter', series });
  const gauge = (name: string, help: string, series: Series[]): Family => ({ name, help, type: 'gauge', series });
  const plain = (value: number, labels: Record<string, string> = {}): Series[] => [{ labels, value }];
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const running = sample.pods.reduce((sum, { containers }) => sum + containers.length, 0);
  const volumes = (value: (volume: PodSample['volumes'][number]) => number): Series[] => {
    // A claim of several pods is told once.
    const found = new Map<string, Series>();
    for (const { namespace, volumes } of sample.pods) {
      for (const volume of volumes) {
        const labels = { namespace, persistentvolumeclaim: volume.claim };
        found.set(`${namespace}/${volume.claim}`, { labels, value: value(volume) });
      }
    }
    return [...found.values()];
  };
  return [
    gauge('kubelet_node_name', "[ALPHA] The node's name. The count is always 1.", plain(1, { node: sample.node })),
    gauge(
      'kubelet_running_containers',
      '[ALPHA] Number of containers currently running',
      plain(running, { container_state: 'running' }),
    ),
    gauge('kubelet_running_pods', '[ALPHA] Number of pods that have a running pod sandbox', plain(sample.pods.length)),
    gauge(
      'kubelet_volume_stats_available_bytes',
      '[ALPHA] Number of available bytes in the volume',
      volumes((one) => one.availableBytes),
    ),
    gauge(
      'kubelet_volume_stats_capacity_bytes',
      '[ALPHA] Capacity in bytes of the volume',
      volumes((one) => one.capacityBytes),
    ),
    gauge(
      'kubelet_volume_stats_inodes',
      '[ALPHA] Maximum number of inodes in the volume',
      volumes((one) => one.inodes),
    ),
    gauge(
      'kubelet_volume_stats_inodes_free',
      '[ALPHA] Number of free inodes in the volume',
      volumes((one) => one.inodesFree),
    ),
    gauge(
      'kubelet_volume_stats_inodes_used',
      '[ALPHA] Number of used inodes in the volume',
      volumes((one) => one.inodes - one.inodesFree),
    ),
    gauge(
      'kubelet_volume_stats_used_bytes',
      '[ALPHA] Number of used bytes in the volume',
      volumes((one) => one.usedBytes),
    ),
    gauge(
      'kubernetes_build_info',
      "[ALPHA] A metric with a constant '1' value labeled by version and platform.",
      plain(1, { git_version: version, major, minor }),
    ),
    counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', plain(own.cpuSeconds)),
    gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', plain(own.residentBytes)),
    gauge(
      'process_start_time_seconds',
      'Start time of the process since unix epoch in seconds.',
      plain(own.startedAt / 1000),
    ),
  ];
}

/** `/pods`: the pods of the node as the agent sees them. */
export function podList(pods: readonly Pod[]): object {
  return { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods };
}
