import type { Informer, KubeClient } from '@berth/kube/client';
import { keyOf, type Pod, resources } from '@berth/kube/objects';
import { byNode } from '@berth/kube/pods';
import { isTerminal } from '../pods/plan.ts';
import type { NodeRoom } from '../pods/resize/index.ts';
import { statusPatch } from '../pods/status-writer.ts';
import type { Stage } from './life.ts';
import { pretendedStatus } from './pretend.ts';
import { admittedOf, pendingOf, pretendedResize } from './resize.ts';

export interface PretendedResizesOptions {
  client: KubeClient;
  pods: Informer<Pod>;
  room: NodeRoom;
  hostIp(node: string): string;
  /** Whether the node says anything at present. */
  speaks(node: string): boolean;
  now(): number;
  failed(error: unknown): void;
}

export interface PretendedResizes {
  /** A pod came or changed. */
  look(pod: Pod): void;
  /** A pod has ended or is gone: there may be room for others. */
  gone(pod: Pod): void;
}

/** Resizes of pods on simulated nodes: given at once where there is room, told to wait where there is none. */
export function pretendedResizes(options: PretendedResizesOptions): PretendedResizes {
  const { client, pods, now } = options;
  /** By node, keys of pods that wait. */
  const waiting = new Map<string, Map<string, Pod>>();
  /** By uid, pods as they were resized, until the watch tells. */
  const told = new Map<string, Pod>();
  /** One after the other: what one is given is no room for the next. */
  let turn: Promise<void> = Promise.resolve();

  const versionOf = (pod: Pod | undefined) => Number(pod?.metadata.resourceVersion);
  const newest = (pod: Pod): Pod => {
    const known = told.get(pod.metadata.uid ?? '');
    return known && versionOf(known) > versionOf(pod) ? known : pod;
  };

  function inTurn(pod: Pod): void {
    turn = turn.then(() => resize(pod)).catch(options.failed);
  }

  /** The more important first. */
  function retry(node: string): void {
    const others = [...(waiting.get(node)?.values() ?? [])];
    for (const pod of others.sort((a, b) => (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0))) inTurn(pod);
  }

  async function resize({ metadata: { namespace = '', name, uid = '' }, spec }: Pod): Promise<void> {
    const node = spec?.nodeName ?? '';
    const key = { namespace, name };
    const found = pods.get(key);
    if (found?.metadata.uid !== uid || !options.speaks(node)) return;
    const pod = newest(found);
    const first = pod.status?.containerStatuses?.[0];
    if (!first?.state?.running || pod.metadata.deletionTimestamp !== undefined) return;
    const others = pods.byIndex(byNode, node).filter((one) => one.metadata.uid !== uid);
    const active = others.filter((one) => !isTerminal(one)).map((one) => admittedOf(newest(one)));
    const at = now();
    const next = pretendedResize(pod, active, { room: options.room, now: at });
    if (!next) return;
    const attempt = (first.restartCount ?? 0) + (next.restarts ? 1 : 0);
    const stage: Stage = { name: 'started', attempt, ready: first.ready === true };
    const around = { exitCode: 0, hostIps: [options.hostIp(node)], now: at, resize: next.conditions };
    const body = { metadata: { uid }, status: statusPatch(pretendedStatus(next.pod, stage, around), pod.status) };
    told.set(uid, await client.patch(resources.pods, key, { type: 'strategic', body }, { subresource: 'status' }));
    // Whoever gives something up makes room.
    if (next.conditions.length === 0) retry(node);
  }

  function forget(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    if (versionOf(told.get(uid)) <= versionOf(pod)) told.delete(uid);
    const node = pod.spec?.nodeName ?? '';
    const there = waiting.get(node);
    there?.delete(keyOf(pod));
    if (there?.size === 0) waiting.delete(node);
  }

  return {
    look(pod) {
      const node = pod.spec?.nodeName ?? '';
      forget(pod);
      const isPending = pendingOf(pod) !== undefined;
      if (isPending) waiting.set(node, (waiting.get(node) ?? new Map<string, Pod>()).set(keyOf(pod), pod));
      if (isPending || admittedOf(pod) !== pod) inTurn(pod);
    },
    gone(pod) {
      forget(pod);
      retry(pod.spec?.nodeName ?? '');
    },
  };
}
