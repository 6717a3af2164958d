import type { KubeObject } from '@berth/kube/objects';
import { age } from '../duration.ts';
import type { Cells } from './cell.ts';
import { at, fieldOrNone, type Loose, list, none, number, orNone, text } from './reading.ts';

/** What the columns of a pod say; the same walk over its containers gives all three. */
interface Summary {
  ready: string;
  status: string;
  restarts: string;
}

const summaries = new WeakMap<KubeObject, { at: number; summary: Summary }>();

function summary(pod: KubeObject, now: Date): Summary {
  const known = summaries.get(pod);
  if (known && known.at === now.getTime()) return known.summary;
  const made = summarize(pod, now);
  summaries.set(pod, { at: now.getTime(), summary: made });
  return made;
}

export const podCells: Cells = {
  Ready: (pod, now) => summary(pod, now).ready,
  Status: (pod, now) => summary(pod, now).status,
  Restarts: (pod, now) => summary(pod, now).restarts,
  IP: (pod) => orNone(text(pod, 'status', 'podIPs', '0', 'ip') || text(pod, 'status', 'podIP')),
  Node: fieldOrNone('spec', 'nodeName'),
  'Nominated Node': fieldOrNone('status', 'nominatedNodeName'),
  'Readiness Gates': (pod) => {
    const gates = list(pod, 'spec', 'readinessGates');
    if (gates.length === 0) return none;
    const met = gates.filter((gate) => condition(pod, text(gate, 'conditionType')) === 'True').length;
    return `${met}/${gates.length}`;
  },
};

/** As kubectl users know it: why a pod is not simply running is told before its phase. */
function summarize(pod: KubeObject, now: Date): Summary {
  const init = initReason(pod);
  const containers = list(pod, 'status', 'containerStatuses');
  const sidecars = sidecarNames(pod);
  const initStatuses = list(pod, 'status', 'initContainerStatuses');
  const restartable = initStatuses.filter((status) => sidecars.has(text(status, 'name')));
  const total = list(pod, 'spec', 'containers').length + sidecars.size;
  let ready = restartable.filter((status) => status.ready === true && status.started === true).length;
  let status = init.reason ?? (text(pod, 'status', 'reason') || text(pod, 'status', 'phase') || 'Unknown');
  let counted = [...restartable, ...containers];

  if (init.reason !== undefined) {
    counted = initStatuses as Loose[];
  } else {
    if (condition(pod, 'PodScheduled', 'reason') === 'SchedulingGated') status = 'SchedulingGated';
    let running = false;
    for (const container of [...containers].reverse()) {
      const reason = containerReason(container);
      if (reason !== undefined) status = reason;
      else if (container.ready === true && at(container, 'state', 'running')) {
        running = true;
        ready++;
      }
    }
    if (status === 'Completed' && running) status = condition(pod, 'Ready') === 'True' ? 'Running' : 'NotReady';
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    status = text(pod, 'status', 'reason') === 'NodeLost' ? 'Unknown' : isOver(pod) ? status : 'Terminating';
  }
  return { ready: `${ready}/${total}`, status, restarts: restartsOf(counted, now) };
}

function isOver(pod: KubeObject): boolean {
  const phase = text(pod, 'status', 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
}

/** Why the pod is still initializing, if it is. */
function initReason(pod: KubeObject): { reason?: string } {
  // A sidecar that is stopped with its pod may end with an error: the pod is past that.
  if (condition(pod, 'Initialized') === 'True') return {};
  const sidecars = sidecarNames(pod);
  const statuses = list(pod, 'status', 'initContainerStatuses');
  for (const [index, status] of statuses.entries()) {
    const terminated = at(status, 'state', 'terminated');
    if (terminated && number(terminated, 'exitCode') === 0) continue;
    if (sidecars.has(text(status, 'name')) && status.started === true) continue;
    if (terminated) return { reason: `Init:${terminatedReason(terminated)}` };
    const waiting = text(status, 'state', 'waiting', 'reason');
    if (waiting !== '' && waiting !== 'PodInitializing') return { reason: `Init:${waiting}` };
    return { reason: `Init:${index}/${list(pod, 'spec', 'initContainers').length}` };
  }
  return {};
}

function containerReason(status: Loose): string | undefined {
  const waiting = text(status, 'state', 'waiting', 'reason');
  if (waiting !== '') return waiting;
  const terminated = at(status, 'state', 'terminated');
  return terminated ? terminatedReason(terminated) : undefined;
}

function terminatedReason(terminated: unknown): string {
  const reason = text(terminated, 'reason');
  if (reason !== '') return reason;
  const signal = number(terminated, 'signal');
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${number(terminated, 'exitCode')}`;
}

/** `3 (2m ago)`: the sum, and when the last one was. */
function restartsOf(statuses: readonly Loose[], now: Date): string {
  const total = statuses.reduce((sum, status) => sum + number(status, 'restartCount'), 0);
  const times = statuses.map((status) => text(status, 'lastState', 'terminated', 'finishedAt')).filter(Boolean);
  const last = times.sort().at(-1);
  return total > 0 && last ? `${total} (${age(last, now)} ago)` : String(total);
}

/** Init containers that go on running beside the others. */
function sidecarNames(pod: KubeObject): Set<string> {
  const all = list(pod, 'spec', 'initContainers');
  return new Set(all.filter((one) => one.restartPolicy === 'Always').map((one) => text(one, 'name')));
}

function condition(pod: KubeObject, type: string, field = 'status'): string {
  return text(
    list(pod, 'status', 'conditions').find((one) => one.type === type),
    field,
  );
}
