import type { Node, Pod } from '@berth/kube/objects';
import { bytes, cpuMillis, isQuantity } from '@berth/kube/quantity';

/** The key of the taint and label of nodes whose pods only pretend. */
export const simulatedKey = 'berth.dev/simulated';

/** What annotations of a pod may say of how it behaves on a simulated node; see docs/simulation.md. */
export const behaviourKeys = {
  startSeconds: 'berth.dev/simulated-start-seconds',
  readySeconds: 'berth.dev/simulated-ready-seconds',
  runSeconds: 'berth.dev/simulated-run-seconds',
  exitCode: 'berth.dev/simulated-exit-code',
  stopSeconds: 'berth.dev/simulated-stop-seconds',
  waitingReason: 'berth.dev/simulated-waiting-reason',
  cpu: 'berth.dev/simulated-cpu',
  memory: 'berth.dev/simulated-memory',
} as const;

/** On a Node: `true` makes it fall silent, as one whose power is cut. */
const lostKey = 'berth.dev/simulated-lost';

export interface Behaviour {
  /** Milliseconds from the binding to the start of the containers. */
  start: number;
  /** Milliseconds from the start to readiness. */
  ready: number;
  /** Milliseconds from the start to the end; undefined: it runs until it is stopped. */
  run: number | undefined;
  exitCode: number;
  /** Milliseconds that ending takes, at most the grace period. */
  stop: number;
  /** The containers never start, and wait for this reason: `ImagePullBackOff`. */
  waitingReason: string | undefined;
}

/** A value that cannot be read counts as not being there. */
export function behaviourOf(pod: Pod): Behaviour {
  const { annotations } = pod.metadata;
  const text = (key: keyof typeof behaviourKeys) => annotations?.[behaviourKeys[key]];
  const seconds = (key: keyof typeof behaviourKeys): number | undefined => {
    const value = Number.parseFloat(text(key) ?? '');
    return Number.isFinite(value) && value >= 0 ? value * 1000 : undefined;
  };
  const exitCode = Number.parseInt(text('exitCode') ?? '', 10);
  // A pod that need not run for ever ends after a second.
  const ends = (pod.spec?.restartPolicy ?? 'Always') === 'Always' ? undefined : 1000;
  return {
    start: seconds('startSeconds') ?? 0,
    ready: seconds('readySeconds') ?? 0,
    run: seconds('runSeconds') ?? ends,
    exitCode: Number.isInteger(exitCode) && exitCode >= 0 && exitCode <= 255 ? exitCode : 0,
    stop: seconds('stopSeconds') ?? 0,
    waitingReason: text('waitingReason') || undefined,
  };
}

/** What a running pod uses: `cpu` in thousandths of a core, `memory` in bytes. Without a word half of what it requests. */
export function simulatedUse(pod: Pod): { cpu: number; memory: number } {
  const said = (key: 'cpu' | 'memory', read: (quantity: string) => number): number => {
    const quantity = pod.metadata.annotations?.[behaviourKeys[key]];
    if (quantity !== undefined && isQuantity(quantity)) return read(quantity);
    const requests = (pod.spec?.containers ?? []).map(({ resources }) => resources?.requests?.[key] ?? '0');
    return requests.map((request) => read(String(request))).reduce((sum, one) => sum + one, 0) / 2;
  };
  return { cpu: said('cpu', cpuMillis), memory: said('memory', bytes) };
}

export function isLost({ metadata }: Node): boolean {
  return metadata.annotations?.[lostKey] === 'true';
}

/** What each running container of a pod uses: its part of the whole by what it requests, or all alike. */
export function simulatedContainerUse(pod: Pod): { name: string; cpu: number; memory: number }[] {
  const whole = simulatedUse(pod);
  const containers = pod.spec?.containers ?? [];
  const runs = new Set(pod.status?.containerStatuses?.filter(({ state }) => state?.running).map(({ name }) => name));
  const shares = (key: 'cpu' | 'memory', read: (quantity: string) => number): number[] => {
    const requests = containers.map(({ resources }) => read(String(resources?.requests?.[key] ?? '0')));
    const sum = requests.reduce((total, one) => total + one, 0);
    return requests.map((one) => whole[key] * (sum > 0 ? one / sum : 1 / containers.length));
  };
  const [cpu, memory] = [shares('cpu', cpuMillis), shares('memory', bytes)];
  return containers
    .map(({ name }, index) => ({ name, cpu: cpu[index] ?? 0, memory: Math.floor(memory[index] ?? 0) }))
    .filter(({ name }) => runs.has(name));
}
