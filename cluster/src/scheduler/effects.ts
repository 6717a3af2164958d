import type { Clock, KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import type { EventRecorder } from '@berth/kube/reconcile';
import { disrupted, podUnscheduled } from './pod-scheduled.ts';
import type { Victims } from './preemption/index.ts';
import type { PodInfo } from './types.ts';

/** What the scheduler writes. Pods that went meanwhile need nothing; other failures reject. */
export interface Effects {
  bind(pod: Pod, node: string): Promise<void>;
  /** The event and the condition of a pod that fits nowhere; `nominated` is the node that is cleared for it, '' takes it back. */
  refuse(pod: Pod, reason: string, message: string, nominated?: string): Promise<void>;
  gate(pod: Pod): Promise<void>;
  /** Tells the victims to go, each with its own grace, and those that waited for the node and are less important to look elsewhere. */
  makeRoom(pod: Pod, node: string, victims: Victims, displaced: readonly PodInfo[]): Promise<void>;
}

/** The most that an event's message may have, in characters. */
const longestMessage = 1024;

export function effects(parts: {
  client: KubeClient;
  recorder: EventRecorder;
  clock: Clock;
  signal: AbortSignal;
  schedulerName: string;
}): Effects {
  const { client, recorder, clock, signal, schedulerName } = parts;

  async function patchStatus({ metadata: { namespace = '', name, uid } }: Pod, status: object): Promise<void> {
    const body = { metadata: { uid }, status };
    const options = { subresource: 'status', signal } as const;
    await unlessGone(client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, options));
  }

  async function unlessGone(work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      return true;
    } catch (error) {
      // A conflict says that it is another pod of this name.
      if (signal.aborted || isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict')) return false;
      throw error;
    }
  }

  async function expel(pod: Pod, victim: Pod, node: string): Promise<void> {
    if (victim.metadata.deletionTimestamp !== undefined) return;
    const { namespace = '', name, uid } = victim.metadata;
    await patchStatus(victim, { conditions: [disrupted(victim, schedulerName, clock.now())] });
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    const deleted = await unlessGone(client.delete(resources.pods, { namespace, name }, { ...preconditions, signal }));
    if (deleted) recorder.record(victim, 'Normal', 'Preempted', `Preempted by pod ${pod.metadata.uid} on node ${node}`);
  }

  return {
    async bind(pod, node) {
      const { namespace = '', name, uid = '' } = pod.metadata;
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
      await client.createSubresource(resources.pods, { namespace, name }, 'binding', binding, { signal });
      recorder.record(pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
    },
    async refuse(pod, reason, message, nominated) {
      recorder.record(pod, 'Warning', 'FailedScheduling', shortened(message));
      const condition = podUnscheduled(pod, reason, message, clock.now());
      const nominates = nominated !== undefined && nominated !== (pod.status?.nominatedNodeName ?? '');
      if (!condition && !nominates) return;
      await patchStatus(pod, {
        ...(condition ? { conditions: [condition] } : {}),
        ...(nominates ? { nominatedNodeName: nominated === '' ? null : nominated } : {}),
      });
    },
    async gate(pod) {
      const message = 'Scheduling is blocked due to non-empty scheduling gates';
      const condition = podUnscheduled(pod, 'SchedulingGated', message, clock.now());
      if (condition) await patchStatus(pod, { conditions: [condition] });
    },
    async makeRoom(pod, node, victims, displaced) {
      await Promise.all([
        ...displaced.map((other) => patchStatus(other.pod, { nominatedNodeName: null })),
        ...victims.pods.map((victim) => expel(pod, victim.pod, node)),
      ]);
    },
  };
}

function shortened(message: string): string {
  const end = ' ...';
  return message.length <= longestMessage ? message : message.slice(0, longestMessage - end.length) + end;
}
