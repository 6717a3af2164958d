import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Lease, type Node, resources } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { Runtime, RuntimeCondition } from '../runtime/types.ts';
import type { Machine } from './machine.ts';
import { type NodeDescription, nodeObject, nodeStatus } from './node-object.ts';

export interface RegistrationOptions {
  client: KubeClient;
  name: string;
  machine: Machine;
  runtime: Runtime;
  podCidr: string;
  kubeletVersion: string;
  controlPlane: boolean;
  logger: Logger;
  now(): number;
}

/** Kubelet's rhythms: the lease every 10 s for 40 s, the status when it changed or every 5 minutes. */
const leaseSeconds = 40;
const leaseRenewal = 10_000;
const statusPeriod = 300_000;

/** Makes the Node known, then keeps its status and lease fresh until stopped. */
export async function registerNode(options: RegistrationOptions): Promise<{ node: Node; stop(): void }> {
  const { client, name, logger, now } = options;
  const version = await options.runtime.version();
  let written = '';
  let writtenAt = 0;
  let current = await createNode(options, await describe());
  await heartbeat();
  await renewLease().catch((error) => logger.warn({ err: error }, 'the lease of the node could not be written'));
  const timer = setInterval(() => void beat(), leaseRenewal);
  timer.unref();
  return { node: current, stop: () => clearInterval(timer) };

  async function describe(): Promise<NodeDescription> {
    const { machine, runtime, podCidr, kubeletVersion, controlPlane } = options;
    const [conditions, images] = await Promise.all([
      runtime
        .conditions()
        .catch((error): RuntimeCondition[] => [
          { type: 'RuntimeReady', status: false, reason: 'RuntimeUnreachable', message: String(error) },
        ]),
      runtime.listImages().catch(() => []),
    ]);
    const now = options.now();
    return { name, machine, runtime: version, kubeletVersion, podCidr, conditions, images, controlPlane, now };
  }

  async function heartbeat(): Promise<void> {
    const status = nodeStatus(await describe(), current.status);
    const shown = JSON.stringify({
      ...status,
      conditions: status.conditions?.map(({ type, status: s, message }) => [type, s, message]),
    });
    if (shown === written && now() - writtenAt < statusPeriod) return;
    current = await client.patch(
      resources.nodes,
      { name },
      { type: 'merge', body: { status: { ...status, conditions: withOthers(status, current) } } },
      { subresource: 'status' },
    );
    written = shown;
    writtenAt = now();
  }

  async function beat(): Promise<void> {
    try {
      await renewLease();
      await heartbeat();
    } catch (error) {
      if (isBerthError(error, 'NotFound')) current = await createNode(options, await describe()).catch(() => current);
      else logger.warn({ err: error }, 'the heartbeat of the node could not be written');
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
        spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
      };
      await client.create(resources.leases, lease);
    }
  }
}

/** Conditions that others put there stay. */
function withOthers(status: NonNullable<Node['status']>, current: Node) {
  const own = status.conditions ?? [];
  const types = new Set(own.map((condition) => condition.type));
  return [...own, ...(current.status?.conditions ?? []).filter((condition) => !types.has(condition.type))];
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
