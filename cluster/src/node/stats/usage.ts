import { readFile } from 'node:fs/promises';
import { marks } from '../pods/observed.ts';
import type { Runtime } from '../runtime/types.ts';

/** Processor time is cumulative: the rate is the difference of two samples over that of their times. */
export interface Usage {
  /** Milliseconds since the epoch. */
  at: number;
  cpuNanoseconds: number;
  workingSetBytes: number;
}

export interface ContainerUsage extends Usage {
  /** The runtime's name of it: another with every start. */
  id: string;
  namespace: string;
  pod: string;
  podUid: string;
  container: string;
}

export interface NodeUsage {
  node: Usage;
  containers: ContainerUsage[];
}

/** What the machine and each of its running containers use. */
export async function readUsage(runtime: Runtime, now: () => number): Promise<NodeUsage> {
  const [node, stats] = await Promise.all([machineUsage(now()), runtime.stats()]);
  const containers = stats.map(({ id, labels, at, cpuNanoseconds, workingSetBytes }) => ({
    id,
    namespace: labels[marks.podNamespace] ?? '',
    pod: labels[marks.podName] ?? '',
    podUid: labels[marks.podUid] ?? '',
    container: labels[marks.containerName] ?? '',
    at,
    cpuNanoseconds,
    workingSetBytes,
  }));
  return { node, containers: containers.filter((usage) => usage.container !== '') };
}

/** `/proc/stat` counts in hundredths of a second on every architecture that Node runs on (proc_stat(5)). */
const nanosecondsPerTick = 10_000_000;

export async function machineUsage(at: number): Promise<Usage> {
  const [stat, meminfo] = await Promise.all([readFile('/proc/stat', 'utf8'), readFile('/proc/meminfo', 'utf8')]);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split('\n')[0] ?? '')
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  return {
    at,
    cpuNanoseconds: (user + nice + system + irq + softirq + steal) * nanosecondsPerTick,
    workingSetBytes: (kibibytes('MemTotal') - kibibytes('MemAvailable')) * 1024,
  };
}
