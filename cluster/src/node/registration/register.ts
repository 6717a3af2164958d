import { setTimeout } from 'node:timers/promises';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Lease, type Node, resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { Pressure, Room } from '../eviction/index.ts';
import type { Runtime, RuntimeCondition } from '../runtime/types.ts';
import type { Machine } from './machine.ts';
import { type NodeDescription, nodeObject, nodeStatus } from './node-object.ts';

interface RegistrationOptions {
  client: KubeClient;
  name: string;
  machine: Machine;
  /** What pods may ask for together. */
  allocatable: Room;
  runtime: Runtime;
  podCidr: string;
  kubeletVersion: string;
  /** For how many seconds the node's lease holds; it is renewed four times in that. */
  leaseSeconds: number;
  /** Where the agent answers. */
  agentPort?: number;
  /** What the node is short of. */
  pressures?(): readonly Pressure[];
  logger: Logger;
  now(): number;
}

/** Kubelet's rhythm: the status is written when it changed or every 5 minutes. */
const statusPeriod = 300_000;

/** How often a new node tries to reach the API server; each time takes up to three seconds where nobody answers. */
const mostAttempts = 10;

type Amounts = Readonly<Record<string, string | number>>;

export interface Registration {
  /** As it was made. */
  node: Node;
  /** The node's state changed: its status is written soon. */
  refresh(): void;
  stop(): void;
}

/** Makes the Node known, then keeps its status and lease fresh until stopped. */
export async function registerNode(options: RegistrationOptions): Promise<Registration> {
  const { client, name, logger, now } = options;
  const version = await options.runtime.version();
  let writtenAt = 0;
  let beating = false;
  let again = false;
  let stopped = false;
  const description = await describe();
  let current = await onceReached(() => createNode(options, description));
  await heartbeat();
  await renewLease().catch((error) => logger.warn({ err: error }, 'the lease of the node could not be written'));
  // An API server that is slow or cannot be reached is not asked by ever more at once, nor without a pause.
  const timer = setInterval(() => {
    if (!beating) void beat();
  }, options.leaseSeconds * 250);
  timer.unref();
  return {
    node: current,
    refresh() {
      if (beating) again = true;
      else if (!stopped) void beat();
    },
    stop() {
      stopped = true;
      clearInterval(timer);
    },
  };

  async function describe(): Promise<NodeDescription> {
    const { machine, allocatable, runtime, podCidr, kubeletVersion } = options;
    const [conditions, images] = await Promise.all([
      runtime
        .conditions()
        .catch((error): RuntimeCondition[] => [
          { type: 'RuntimeReady', status: false, reason: 'RuntimeUnreachable', message: String(error) },
        ]),
      runtime.listImages().catch(() => []),
    ]);
    const now = options.now();
    const { agentPort } = options;
    const port = agentPort === undefined ? {} : { agentPort };
    const pressures = options.pressures?.() ?? [];
    const own = { conditions, images, pressures, now, ...port };
    return { name, machine, allocatable, runtime: version, kubeletVersion, podCidr, ...own };
  }

  async function heartbeat(): Promise<void> {
    // As it is in the API: where this node fell silent, somebody else has said there that it is Unknown.
    current = await client.get(resources.nodes, { name });
    const status = nodeStatus(await describe(), current.status);
    const wanted = { ...status, conditions: withOthers(status, current) };
    const present = Object.fromEntries(
      Object.keys(wanted).map((key) => [key, current.status?.[key as keyof typeof wanted]]),
    );
    if (facts(wanted) === facts(present) && now() - writtenAt < statusPeriod) return;
    // What others have is left out: it may be more by now.
    const capacity = changed(wanted.capacity, current.status?.capacity);
    const allocatable = changed(wanted.allocatable, current.status?.allocatable);
    const body = { status: { ...wanted, capacity, allocatable } };
    current = await client.patch(resources.nodes, { name }, { type: 'merge', body }, { subresource: 'status' });
    writtenAt = now();
  }

  async function beat(): Promise<void> {
    beating = true;
    again = false;
    try {
      await renewLease();
      if (!stopped) await heartbeat();
    } catch (error) {
      if (stopped) return;
      if (isBerthError(error, 'NotFound')) current = await createNode(options, await describe()).catch(() => current);
      else logger.warn({ err: error }, 'the heartbeat of the node could not be written');
    } finally {
      beating = false;
      if (again && !stopped) void beat();
    }
  }

  async function renewLease(): Promise<void> {
    const key = { namespace: 'kube-node-lease', name };
    // MicroTime: RFC 3339 with six digits.
    const renewTime = new Date(now()).toISOString().replace('Z', '000Z');
    try {
      await client.patch(resources.leases, key, { type: 'merge', body: { spec: { renewTime } } });
    } catch (error) {
      if (!isBerthError(error, 'NotFound')) throw error;
      const { uid = '' } = current.metadata;
      const lease: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { ...key, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
        spec: { holderIdentity: name, leaseDurationSeconds: Math.ceil(options.leaseSeconds), renewTime },
      };
      await client.create(resources.leases, lease);
    }
  }
}

/** What a status says apart from its times, in one order of fields; empty lists are not kept. */
function facts(status: Node['status']): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const { lastHeartbeatTime, lastTransitionTime, ...rest } = value as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(rest)
        .filter(([, one]) => !Array.isArray(one) || one.length > 0)
        .map(([key, one]) => [key, sorted(one)] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  };
  return JSON.stringify(sorted(status));
}

const changed = (wanted: Amounts = {}, present: Amounts = {}): Amounts =>
  Object.fromEntries(Object.entries(wanted).filter(([name, amount]) => present[name] !== amount));

/** Conditions that others put there stay. */
function withOthers(status: NonNullable<Node['status']>, current: Node) {
  const own = status.conditions ?? [];
  const types = new Set(own.map((condition) => condition.type));
  return [...own, ...(current.status?.conditions ?? []).filter((condition) => !types.has(condition.type))];
}

/** A link that was just put up lets nobody through for a moment. */
async function onceReached<T>(say: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await say();
    } catch (error) {
      if (!isBerthError(error, 'ServiceUnavailable') || attempts === mostAttempts) throw error;
      await setTimeout(250);
    }
  }
}

/** The Node as it is in the API, made when it is not; labels of ours are put right. */
async function createNode({ client, name }: RegistrationOptions, description: NodeDescription): Promise<Node> {
  const wanted = nodeObject(description);
  try {
    const present = await client.get(resources.nodes, { name });
    const labels = Object.entries(wanted.metadata.labels ?? {});
    const spec = present.spec?.podCIDR ? {} : { spec: wanted.spec };
    if (labels.every(([key, value]) => present.metadata.labels?.[key] === value) && present.spec?.podCIDR)
      return present;
    const body = { metadata: { labels: wanted.metadata.labels }, ...spec };
    return await client.patch(resources.nodes, { name }, { type: 'merge', body });
  } catch (error) {
    if (!isBerthError(error, 'NotFound')) throw error;
    return client.create(resources.nodes, wanted);
  }
}
