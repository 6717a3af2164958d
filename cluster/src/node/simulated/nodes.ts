import { type KubeClient, startInformer } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Node, type Pod, resources } from '@berth/kube/objects';
import { byNode } from '@berth/kube/pods';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { NodeAnswer, PodUse, Use } from '../../api/nodes/index.ts';
import { isTerminal } from '../pods/plan.ts';
import { statusPatch } from '../pods/status-writer.ts';
import { startLocalProvisioner } from '../provisioner/index.ts';
import { type AgentFacts, answerOf, ownProcess } from '../server/index.ts';
import { behaviourOf, isLost, simulatedKey } from './behaviour.ts';
import { isDoubted, nextStage, type Stage, stageBegan } from './life.ts';
import { pretendedNodeUse, pretendedPodUse, pretendedSamples } from './measure.ts';
import { pretendedStatus } from './pretend.ts';
import {
  addressOf,
  registerSimulated,
  renewLease,
  reportReady,
  roomOf,
  type SimulatedMachine,
  simulatedVersion,
} from './registration.ts';
import { startRenewals } from './renewals.ts';
import { admittedOf, pendingOf } from './resize.ts';
import { pretendedResizes } from './resizes.ts';

export interface SimulatedNodesOptions extends SimulatedMachine {
  client: KubeClient;
  /** As who provisions volumes. */
  volumes: KubeClient;
  count: number;
  logger: Logger;
  signal: AbortSignal;
  /** `simulated` gives `simulated-0`, … */
  prefix?: string;
  now?(): number;
}

export interface SimulatedNodes {
  names: readonly string[];
  /** What those of these nodes that are ours use; silent ones say nothing. */
  nodeUse(names: readonly string[]): ReadonlyMap<string, Use>;
  /** What the agent of such a node answers; undefined for other nodes, and for silent ones. */
  answer(node: string, path: string): Promise<NodeAnswer> | undefined;
  /** Undefined for pods of other nodes, and for those of which nothing runs. */
  podUse(pod: Pod): PodUse | undefined;
  stop(): Promise<void>;
}

const parallelWrites = 64;
/** Where volumes of simulated nodes are said to lie. */
const volumesRoot = '/var/lib/berth/volumes';

/**
 * Thousands of nodes that cost next to nothing: one watch for the pods of all, one status written for each stage of a pod, nothing kept
 * of a pod for which nothing is to happen. How pods and nodes behave is said by their annotations.
 */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const { client, logger } = options;
  const now = options.now ?? Date.now;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  const names = Array.from({ length: options.count }, (_, index) => `${options.prefix ?? 'simulated'}-${index}`);
  const indexes = new Map(names.map((name, index) => [name, index]));
  const write = pLimit(parallelWrites);
  // In no queue behind what happens to pods: a node that is busy is alive.
  const renewal = pLimit(parallelWrites);
  /** By uid, what is to happen to a pod. */
  const timers = new Map<string, NodeJS.Timeout>();
  /** By uid, when the stage began that was written last: more exact than the whole seconds of a status. */
  const began = new Map<string, number>();
  const lost = new Set<string>();

  const place = (name: string) => ({ name, index: indexes.get(name) ?? 0, now: now() });
  await Promise.all(names.map((name) => write(() => registerSimulated(client, options, place(name)))));
  const renew = (name: string) => {
    if (!lost.has(name)) quietly(renewal(() => renewLease(client, name, now())));
  };
  const renewals = startRenewals(names, { leaseMs: (options.leaseSeconds ?? 40) * 1000, renew });

  const owns = (node: string) => indexes.has(node);
  await startLocalProvisioner({ client: options.volumes, owns, root: volumesRoot, real: false, logger, signal });
  const labelSelector = `${simulatedKey}=true`;
  const nodes = startInformer<Node>({ client, resource: resources.nodes, labelSelector, signal });
  const pods = startInformer<Pod>({ client, resource: resources.pods, signal });
  await Promise.all([nodes.synced, pods.synced]);
  const speaks = (node: string) => indexes.has(node) && !lost.has(node);
  const hostIp = (node: string) => addressOf(indexes.get(node) ?? 0);
  const resizes = pretendedResizes({ client, pods, room: roomOf(options), hostIp, speaks, now, failed: tell });
  nodes.subscribe(({ type, object }) => {
    const { name } = object.metadata;
    if (!indexes.has(name)) return;
    if (type !== 'deleted' && isLost(object)) {
      lost.add(name);
      return;
    }
    const ready = object.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (type !== 'deleted' && ready?.status === 'Unknown') {
      renew(name);
      quietly(write(() => reportReady(client, options, place(name))));
    }
    if (!lost.delete(name)) return;
    for (const pod of pods.byIndex(byNode, name)) {
      look(pod);
      resizes.look(pod);
    }
  });
  pods.subscribe(({ type, object: pod }) => {
    if (!indexes.has(pod.spec?.nodeName ?? '')) return;
    if (type === 'deleted') forget(pod.metadata.uid ?? '');
    else look(pod);
    if (type === 'deleted' || isTerminal(pod)) resizes.gone(pod);
    else resizes.look(pod);
  });

  const samples = pretendedSamples({ cpus: options.cpus, memoryBytes: options.memoryBytes });
  function factsOf(node: string): AgentFacts {
    const own = () => pods.byIndex(byNode, node);
    return {
      version: options.kubeletVersion ?? simulatedVersion,
      sample: async () => samples.take(node, own(), now()),
      rates: samples.rates(own),
      pods: own,
      // A probe finds what the annotations say, and none is made.
      probes: () => [],
      process: () => ownProcess(now()),
    };
  }

  /** Arranges for what happens next to a pod. */
  function look(pod: Pod): void {
    const { uid = '' } = pod.metadata;
    clearTimeout(timers.get(uid));
    timers.delete(uid);
    const coming = nextStage(pod, behaviourOf(pod));
    if (!coming) {
      forget(uid);
      if (isDoubted(pod)) quietly(write(() => assertReady(pod)));
      return;
    }
    const since = pod.metadata.deletionTimestamp === undefined ? began.get(uid) : undefined;
    const wait = coming.after === 0 ? 0 : (since ?? stageBegan(pod, now())) + coming.after - now();
    if (wait <= 0) quietly(write(() => enter(pod, coming.stage)));
    else {
      const timer = setTimeout(() => quietly(write(() => enter(pod, coming.stage))), wait);
      timers.set(uid, timer.unref());
    }
  }

  async function enter(pod: Pod, stage: Stage): Promise<void> {
    const { namespace = '', name, uid = '' } = pod.metadata;
    const node = pod.spec?.nodeName ?? '';
    // The watch may have told something newer while this one waited for its turn.
    const current = pods.get({ namespace, name }) ?? pod;
    const isNewer = current.metadata.resourceVersion !== pod.metadata.resourceVersion;
    if (lost.has(node) || signal.aborted || (isNewer && stage.name !== 'removed')) return;
    timers.delete(uid);
    if (stage.name === 'removed') {
      const preconditions = uid === '' ? {} : { uid };
      await client.delete(resources.pods, { namespace, name }, { gracePeriodSeconds: 0, preconditions });
      return;
    }
    const at = now();
    const { exitCode } = behaviourOf(pod);
    const pending = pendingOf(pod);
    const around = { exitCode, hostIps: [hostIp(node)], now: at, resize: pending ? [pending] : [] };
    const status = statusPatch(pretendedStatus(admittedOf(pod), stage, around), pod.status);
    const body = { metadata: { uid }, status };
    began.set(uid, at);
    await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
  }

  /** Says again of a pod that it is ready, as kubelet does when others held its node for lost. */
  async function assertReady(pod: Pod): Promise<void> {
    const { namespace = '', name, uid } = pod.metadata;
    const node = pod.spec?.nodeName ?? '';
    const current = pods.get({ namespace, name });
    if (signal.aborted || !speaks(node) || !current || current.metadata.uid !== uid || !isDoubted(current)) return;
    const attempt = current.status?.containerStatuses?.[0]?.restartCount ?? 0;
    const pending = pendingOf(current);
    const around = { exitCode: 0, hostIps: [hostIp(node)], now: now(), resize: pending ? [pending] : [] };
    const told = pretendedStatus(admittedOf(current), { name: 'started', attempt, ready: true }, around);
    // A readiness gate of its own may keep it from being ready.
    if (told.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True') return;
    const body = { metadata: { uid }, status: statusPatch(told, current.status) };
    await client.patch(resources.pods, { namespace, name }, { type: 'strategic', body }, { subresource: 'status' });
  }

  function forget(uid: string): void {
    clearTimeout(timers.get(uid));
    timers.delete(uid);
    began.delete(uid);
  }

  function quietly(work: Promise<unknown>): void {
    work.catch(tell);
  }

  function tell(error: unknown): void {
    // A pod that went meanwhile needs no status.
    if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict') || signal.aborted) return;
    logger.warn({ err: error }, 'a simulated node could not write');
  }

  return {
    names,
    nodeUse: (asked) => pretendedNodeUse(asked.filter(speaks), pods.list(), now()),
    answer: (node, path) => (speaks(node) ? answerOf(path, factsOf(node)) : undefined),
    podUse: (pod) => (speaks(pod.spec?.nodeName ?? '') ? pretendedPodUse(pod, now()) : undefined),
    async stop() {
      over.abort();
      renewals.stop();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
