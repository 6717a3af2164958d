import type { Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import { isTerminal } from '../plan.ts';
import { type NodeRoom, refusalOf, requestsOf } from './admission.ts';
import type { PodResize } from './pod-resize.ts';

/** A pod of the node, as far as resizes are concerned. */
export interface Resizing {
  resize: PodResize;
  /** The pod as it was admitted, with its newest status. */
  pod: Pod;
  /** The resize was admitted or refused: the pod is to be looked at. */
  decided(): void;
}

/** Decides about all resizes that wait, in the order that is due to them; what is admitted takes room from the next. */
export function admitPending(pods: readonly Resizing[], room: NodeRoom): void {
  // Who was told to end asks for nothing more, and holds room until it has ended.
  const active = pods.filter(({ pod }) => !isTerminal(pod));
  const pending = active.filter(({ pod, resize }) => resize.isPending && pod.metadata.deletionTimestamp === undefined);
  for (const one of pending.filter(({ resize }) => !resize.isInfeasible).sort(inTurn)) {
    // What is told of one decision may have all looked at again.
    if (!one.resize.isPending) continue;
    const others = active.filter((other) => other !== one).map(admitted);
    const refusal = refusalOf(one.resize.desired, others, room);
    if (!refusal) one.resize.admit();
    if (!refusal || one.resize.refuse(refusal)) one.decided();
  }
}

/** What was admitted in this very round is not in the pod yet. */
const admitted = ({ resize, pod }: Resizing): Pod => ({ ...resize.pod, ...(pod.status ? { status: pod.status } : {}) });

/** Who asks for no more comes first, then the higher priority, then guaranteed pods, then who waits longest. */
function inTurn(a: Resizing, b: Resizing): number {
  const guaranteed = ({ pod }: Resizing) => (qosOf(pod) === 'Guaranteed' ? 1 : 0);
  return (
    Number(asksForMore(a)) - Number(asksForMore(b)) ||
    (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0) ||
    guaranteed(b) - guaranteed(a) ||
    (a.resize.pendingSince ?? Number.POSITIVE_INFINITY) - (b.resize.pendingSince ?? Number.POSITIVE_INFINITY) ||
    0
  );
}

function asksForMore({ resize }: Resizing): boolean {
  const [asked, has] = [resize.desired, resize.pod].map((pod) => requestsOf({ ...pod, status: {} }));
  return asked !== undefined && has !== undefined && (asked.cpu > has.cpu || asked.memory > has.memory);
}
