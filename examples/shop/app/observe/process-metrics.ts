import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

/** The process' own figures, under the names that Prometheus client libraries agree on. Returns how to stop measuring. */
export function addProcessMetrics(metrics: Metrics): () => void {
  const lag = monitorEventLoopDelay({ resolution: 20 });
  lag.enable();
  const cpu = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  };
  metrics.gauge('process_cpu_seconds_total', 'User and system CPU time spent in seconds.', cpu, 'counter');
  metrics.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  metrics.gauge('process_open_fds', 'Number of open file descriptors.', openFiles);
  const started = performance.timeOrigin / 1000;
  metrics.gauge('process_start_time_seconds', 'Start time since the epoch in seconds.', () => started);
  metrics.gauge('nodejs_heap_used_bytes', 'Heap in use in bytes.', () => process.memoryUsage().heapUsed);
  metrics.gauge('nodejs_eventloop_lag_p99_seconds', '99th percentile of the event loop delay in seconds.', () => {
    const delay = lag.percentile(99) / 1e9;
    lag.reset();
    return Number.isFinite(delay) ? delay : 0;
  });
  return () => lag.disable();
}

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN;
  }
}
