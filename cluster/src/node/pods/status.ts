import type { Container, ContainerStatus, Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import { memoryOf, type PodMemory } from './memory.ts';
import { newestOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { isTerminal } from './plan.ts';
import { resizeConditions } from './resize/pod-resize.ts';
import { restartsAfter } from './restart-policy.ts';
import { ephemeralContainers } from './sandbox-config.ts';

type PodStatus = NonNullable<Pod['status']>;
type State = NonNullable<ContainerStatus['state']>;
type Condition = NonNullable<PodStatus['conditions']>[number];

export interface StatusInput {
  pod: Pod;
  observed: ObservedPod;
  memory: PodMemory;
  /** Containers that wait for a restart, with the pause in milliseconds. */
  backoffs: ReadonlyMap<string, number>;
  hostIps: readonly string[];
  /** What is to be told of a resize that waits or is under way. */
  resize?: readonly Condition[];
  /** The scheme of container ids: `containerd`. */
  runtimeName: string;
  now: number;
}

const time = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');

/** The pod's whole status as kubelet would report it; conditions of other owners are kept. */
export function podStatus(input: StatusInput): PodStatus {
  const { pod, observed, memory, now } = input;
  const previous = pod.status ?? {};
  if (memory.failed?.refused) return refusedStatus(input, memory.failed);
  // Its containers were removed to make room, or with the machine that they ran on: what was said last stays.
  if (isTerminal(pod) && observed.containers.length === 0) return previous;
  // Whoever sees it over may put another in its place: not while something of it still runs.
  const stillRuns = observed.containers.some(({ state }) => state === 'running');
  const failedNow = stillRuns ? undefined : memory.failed;
  const initContainers = pod.spec?.initContainers ?? [];
  const containers = pod.spec?.containers ?? [];
  const initialized = isInitialized(pod, observed, memory);
  const initStatuses = initContainers.map((container) => containerStatus(container, input, true, 'PodInitializing'));
  const waiting = initialized || initContainers.length === 0 ? 'ContainerCreating' : 'PodInitializing';
  const statuses = containers.map((container) => containerStatus(container, input, false, waiting));
  const reached = failedNow ? 'Failed' : isTerminal(pod) ? previous.phase : phaseOf(pod, initStatuses, statuses);
  const phase = isOver(reached) && stillRuns && !isTerminal(pod) ? (previous.phase ?? 'Pending') : reached;
  const sandbox = observed.sandboxes[0];
  const ips = pod.spec?.hostNetwork ? [...input.hostIps] : sandbox?.ready ? sandbox.ips : [];
  const unready = names(containers, statuses, (status) => status.ready);
  const notInitialized = names(initContainers, initStatuses, (status) => status.ready);

  const conditions = ownConditions({
    phase: phase ?? 'Pending',
    networked: sandbox?.ready === true,
    unready,
    notInitialized: initialized ? [] : notInitialized,
    gates: (pod.spec?.readinessGates ?? []).map((gate) => gate.conditionType),
    present: previous.conditions ?? [],
  });
  const status: PodStatus = {
    phase: phase ?? 'Pending',
    conditions: [
      ...merged(
        previous.conditions ?? [],
        failedNow?.disrupted ? [...conditions, disruption(failedNow.message)] : conditions,
        now,
        pod.metadata.generation,
      ),
      ...(isOver(phase) ? [] : (input.resize ?? [])),
    ],
    hostIP: input.hostIps[0] ?? '',
    hostIPs: input.hostIps.map((ip) => ({ ip })),
    startTime: previous.startTime ?? time(now),
    qosClass: qosOf(pod),
    containerStatuses: failedNow && initialized ? statuses.map(asEnded) : statuses,
  };
  if (pod.metadata.generation !== undefined) status.observedGeneration = pod.metadata.generation;
  if (initContainers.length > 0) status.initContainerStatuses = initStatuses;
  const ephemeral = ephemeralContainers(pod);
  if (ephemeral.length > 0) {
    status.ephemeralContainerStatuses = ephemeral.map((container) => {
      const { started, ...told } = containerStatus(container, input, false, 'ContainerCreating');
      // Nobody probes them, and the pod is ready without them.
      return { ...told, ready: false };
    });
  }
  // A pod that ended keeps the address it had.
  const shown = ips.length > 0 ? ips : isOver(phase) ? (previous.podIPs ?? []).map(({ ip }) => ip ?? '') : [];
  if (shown[0]) {
    status.podIP = shown[0];
    status.podIPs = shown.map((ip) => ({ ip }));
  }
  const failed = failedNow ?? (isTerminal(pod) && previous.reason ? previous : undefined);
  if (failed?.reason) {
    status.reason = failed.reason;
    if (failed.message) status.message = failed.message;
  }
  return status;
}

/** Of a pod that the node did not take. */
function refusedStatus({ pod, now }: StatusInput, { reason, message }: { reason: string; message: string }): PodStatus {
  const { generation } = pod.metadata;
  return {
    ...pod.status,
    phase: 'Failed',
    reason,
    message,
    qosClass: qosOf(pod),
    startTime: pod.status?.startTime ?? time(now),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

/** Nobody knows how a container that is not there would have ended: as a failure, in kubelet's words. */
function asEnded(status: ContainerStatus): ContainerStatus {
  if (status.state?.terminated) return status;
  const message = 'The container could not be located when the pod was terminated';
  const terminated = { reason: 'ContainerStatusUnknown', message, exitCode: 137 };
  return { ...status, state: { terminated } as State };
}

const disruption = (message: string): Condition => {
  return { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message };
};

const isOver = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed';

function names(containers: Container[], statuses: ContainerStatus[], good: (status: ContainerStatus) => boolean) {
  return containers.filter((_, index) => !good(statuses[index] as ContainerStatus)).map((container) => container.name);
}

/** Whether every init container ran through, and every sidecar has started. */
export function isInitialized(pod: Pod, observed: ObservedPod, memory: PodMemory): boolean {
  return (pod.spec?.initContainers ?? []).every((container) => {
    const newest = newestOf(observed, container.name);
    if (container.restartPolicy === 'Always') return memoryOf(memory, container.name).started;
    return newest?.state === 'exited' && newest.exitCode === 0;
  });
}

function containerStatus(
  container: Container,
  input: StatusInput,
  init: boolean,
  waitingReason: string,
): ContainerStatus {
  const { observed, memory, runtimeName } = input;
  const attempts = observed.containers.filter((found) => found.name === container.name);
  const [newest, earlier] = attempts;
  const own = memoryOf(memory, container.name);
  const state = stateOf(container, input, newest, waitingReason);
  const running = state.running !== undefined;
  const sidecar = init && container.restartPolicy === 'Always';
  const ready = init && !sidecar ? newest?.state === 'exited' && newest.exitCode === 0 : running && own.ready;
  const status: ContainerStatus = {
    name: container.name,
    state,
    lastState: {},
    ready,
    restartCount: newest?.attempt ?? 0,
    image: newest?.image || (container.image ?? ''),
    imageID: newest?.imageRef ?? '',
    started: running && own.started,
  };
  if (newest) status.containerID = `${runtimeName}://${newest.id}`;
  if (newest) {
    status.resources = (running ? newest.given : undefined) ?? container.resources ?? {};
    if (container.resources?.requests) status.allocatedResources = container.resources.requests;
  }
  const last = state.terminated ? earlier : newest?.state === 'exited' ? newest : earlier;
  if (last?.state === 'exited') status.lastState = { terminated: terminatedState(last, runtimeName) };
  else if (!earlier && (newest?.attempt ?? 0) > 0) {
    // The runtime has lost the earlier attempt, the API has not.
    const kept = previousStatus(input.pod, container.name)?.lastState;
    if (kept) status.lastState = kept;
  }
  return status;
}

function previousStatus(pod: Pod, name: string): ContainerStatus | undefined {
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return all.find((status) => status.name === name);
}

function stateOf(
  container: Container,
  input: StatusInput,
  newest: ObservedContainer | undefined,
  waitingReason: string,
): State {
  const { backoffs, memory, pod, runtimeName } = input;
  if (newest?.state === 'running') return { running: { startedAt: time(newest.startedAt) } };
  const backoff = backoffs.get(container.name);
  if (backoff !== undefined) {
    const { name, namespace, uid } = pod.metadata;
    const subject = `failed container=${container.name} pod=${name}_${namespace}(${uid})`;
    return { waiting: { reason: 'CrashLoopBackOff', message: `back-off ${duration(backoff)} restarting ${subject}` } };
  }
  const failure = memoryOf(memory, container.name).failure;
  if (newest?.replaced && !failure) return { waiting: { reason: waitingReason } };
  if (failure) return { waiting: { reason: failure.reason, message: failure.message } };
  if (newest?.state === 'exited') return { terminated: terminatedState(newest, runtimeName) };
  return { waiting: { reason: waitingReason } };
}

/** As Go prints it: `10s`, `2m40s`. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}

function terminatedState(container: ObservedContainer, runtimeName: string): NonNullable<State['terminated']> {
  const state: NonNullable<State['terminated']> = {
    exitCode: container.exitCode,
    reason: container.reason || (container.exitCode === 0 ? 'Completed' : 'Error'),
    finishedAt: time(container.finishedAt),
    containerID: `${runtimeName}://${container.id}`,
  };
  if (container.startedAt > 0) state.startedAt = time(container.startedAt);
  if (container.message !== '') state.message = container.message;
  return state;
}

type Phase = NonNullable<PodStatus['phase']>;

function phaseOf(pod: Pod, init: ContainerStatus[], main: ContainerStatus[]): Phase {
  const sidecars = new Set(
    (pod.spec?.initContainers ?? []).filter((found) => found.restartPolicy === 'Always').map((found) => found.name),
  );
  const byName = new Map(
    [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((one) => [one.name, one]),
  );
  const isAgain = (name: string, exitCode: number) => {
    const container = byName.get(name);
    return container !== undefined && restartsAfter(pod, container, exitCode);
  };
  let pendingInit = false;
  const serves = init.some(({ name, state }) => sidecars.has(name) && state?.running);
  for (const status of init) {
    const ended = status.state?.terminated ?? status.lastState?.terminated;
    if (sidecars.has(status.name)) {
      if (!status.started && !ended) pendingInit = true;
    } else if (status.state?.terminated?.exitCode !== 0) {
      if (ended && ended.exitCode !== 0 && !isAgain(status.name, ended.exitCode)) return 'Failed';
      pendingInit = true;
    }
  }
  const counts = { waiting: 0, running: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const { name, state, lastState } of main) {
    if (state?.running) counts.running++;
    else if (state?.terminated || lastState?.terminated) {
      counts.stopped++;
      if (state?.terminated?.exitCode === 0) counts.succeeded++;
      // What waits is tried again, whatever it last ended with: after a resize, say.
      if (!state?.terminated || isAgain(name, state.terminated.exitCode)) counts.restarting++;
    } else counts.waiting++;
  }
  if (pendingInit && counts.running === 0 && counts.stopped === 0) return 'Pending';
  if (counts.waiting > 0) return 'Pending';
  if (counts.running > 0 || serves) return 'Running';
  if (counts.stopped === 0) return 'Pending';
  if (counts.restarting > 0) return 'Running';
  return counts.stopped === counts.succeeded ? 'Succeeded' : 'Failed';
}

interface ConditionInput {
  phase: string;
  networked: boolean;
  unready: string[];
  notInitialized: string[];
  gates: string[];
  present: readonly Condition[];
}

function ownConditions(input: ConditionInput): Condition[] {
  const { phase, networked, unready, notInitialized } = input;
  const condition = (type: string, no?: { reason: string; message?: string }): Condition =>
    no ? { type, status: 'False', ...no } : { type, status: 'True' };
  const over =
    phase === 'Succeeded' ? { reason: 'PodCompleted' } : phase === 'Failed' ? { reason: 'PodFailed' } : undefined;
  const incomplete = `containers with incomplete status: [${notInitialized.join(' ')}]`;
  const notReady = `containers with unready status: [${unready.join(' ')}]`;
  const containers = over ?? (unready.length > 0 ? { reason: 'ContainersNotReady', message: notReady } : undefined);
  const openGate = input.gates.find((gate) => input.present.find((found) => found.type === gate)?.status !== 'True');
  const gate = openGate
    ? {
        reason: 'ReadinessGatesNotReady',
        message: `corresponding condition of pod readiness gate "${openGate}" does not exist.`,
      }
    : undefined;
  const initialized = condition(
    'Initialized',
    notInitialized.length > 0 ? { reason: 'ContainersNotInitialized', message: incomplete } : undefined,
  );
  if (phase === 'Succeeded') initialized.reason = 'PodCompleted';
  return [
    { type: 'PodReadyToStartContainers', status: networked ? 'True' : 'False' },
    initialized,
    condition('Ready', containers ?? gate),
    condition('ContainersReady', containers),
    { type: 'PodScheduled', status: 'True' },
  ];
}

/** Others' conditions stay; a time of transition moves only with the status. */
function merged(present: readonly Condition[], own: Condition[], now: number, generation?: number): Condition[] {
  const types = new Set<string>([...own.map((condition) => condition.type), ...resizeConditions]);
  const kept = present.filter((condition) => !types.has(condition.type));
  const updated = own.map((condition) => {
    const before = present.find((found) => found.type === condition.type);
    const same = before?.status === condition.status;
    return {
      ...condition,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      lastTransitionTime: same && before.lastTransitionTime ? before.lastTransitionTime : time(now),
    };
  });
  return [...updated, ...kept];
}
