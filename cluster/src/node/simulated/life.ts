import type { Pod } from '@berth/kube/objects';
import { firstBackoff, longestBackoff } from '../pods/memory.ts';
import { isTerminal } from '../pods/plan.ts';
import type { Behaviour } from './behaviour.ts';

/** What is shown of a pod. `attempt` counts the starts of its containers from 0. */
export type Stage =
  | { name: 'creating' }
  | { name: 'waiting'; reason: string }
  | { name: 'started'; attempt: number; ready: boolean }
  | { name: 'ended'; attempt: number }
  | { name: 'backingOff'; attempt: number; backoff: number }
  | { name: 'removed' };

/** What comes next, and how many milliseconds after the present stage began. */
export interface Next {
  stage: Stage;
  after: number;
}

/**
 * What happens next to a pod on a simulated node; undefined when nothing does. Everything is read from its status, so that a process
 * that is started anew goes on where the last one ended.
 */
export function nextStage(pod: Pod, behaviour: Behaviour): Next | undefined {
  const { start, ready, run, stop, waitingReason } = behaviour;
  if (pod.metadata.deletionTimestamp !== undefined) {
    const grace = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    return { stage: { name: 'removed' }, after: isTerminal(pod) ? 0 : Math.min(stop, grace) };
  }
  if (isTerminal(pod)) return undefined;
  const { startTime, containerStatuses = [] } = pod.status ?? {};
  const first = containerStatuses[0];
  const isReady = ready === 0;
  if (startTime === undefined || first === undefined) {
    const now = waitingReason === undefined && start === 0;
    return { stage: now ? { name: 'started', attempt: 0, ready: isReady } : { name: 'creating' }, after: 0 };
  }
  const attempt = first.restartCount ?? 0;
  if (first.state?.running) {
    if (!first.ready && (run === undefined || ready < run)) {
      return { stage: { name: 'started', attempt, ready: true }, after: ready };
    }
    // Readiness is a stage of its own, that began later.
    if (run !== undefined)
      return { stage: { name: 'ended', attempt }, after: Math.max(0, run - (isReady ? 0 : ready)) };
    return undefined;
  }
  if (first.state?.waiting?.reason === 'CrashLoopBackOff') {
    return { stage: { name: 'started', attempt: attempt + 1, ready: isReady }, after: backoffAfter(attempt) };
  }
  if (first.state?.terminated) {
    const backoff = backoffAfter(attempt);
    // The first restart comes at once.
    if (backoff === 0) return { stage: { name: 'started', attempt: attempt + 1, ready: isReady }, after: 0 };
    return { stage: { name: 'backingOff', attempt, backoff }, after: 0 };
  }
  if (waitingReason === undefined) return { stage: { name: 'started', attempt: 0, ready: isReady }, after: start };
  if (first.state?.waiting?.reason === waitingReason) return undefined;
  return { stage: { name: 'waiting', reason: waitingReason }, after: start };
}

/** Whether a pod's containers are ready and somebody else said that the pod is not. */
export function isDoubted({ metadata, status }: Pod): boolean {
  const said = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted)?.status;
  return metadata.deletionTimestamp === undefined && said('ContainersReady') === 'True' && said('Ready') === 'False';
}

/** 0, 10 s, 20 s, … 5 min, as kubelet pauses. */
function backoffAfter(attempt: number): number {
  return attempt === 0 ? 0 : Math.min(longestBackoff, firstBackoff * 2 ** (attempt - 1));
}

/** When the present stage began, ms, as far as the status tells. */
export function stageBegan({ metadata, status }: Pod, now: number): number {
  const at = (time: string | undefined) => (time === undefined ? undefined : Date.parse(time));
  if (metadata.deletionTimestamp !== undefined) {
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  }
  const first = status?.containerStatuses?.[0];
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (first?.state?.running) return at(first.ready ? ready?.lastTransitionTime : first.state.running.startedAt) ?? now;
  const ended = first?.state?.terminated ?? first?.lastState?.terminated;
  return at(ended?.finishedAt ?? status?.startTime) ?? now;
}
