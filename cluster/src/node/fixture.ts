import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeClient } from '@berth/kube/client';
import { type Pod, type PodSpec, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import type { Kubeconfig } from '../api/certificates/kubeconfig.ts';
import { type ApiServer, identities, nodeUser } from '../api/index.ts';
import { startTestApi } from '../api/testing.ts';
import { type HousekeepingSettings, type NodeAgent, type NodeOptions, startNode } from './index.ts';
import { type OwnContainerd, ownContainerd } from './runtime/containerd/fixture.ts';
import type { Runtime } from './runtime/types.ts';

/** An API server with a node that runs real containers, for tests. */
export interface NodeFixture extends AsyncDisposable {
  client: KubeClient;
  containerd: OwnContainerd;
  /** For clients of flesh: kubectl. */
  kubeconfig: Kubeconfig;
  /** The agent now at work. */
  agent(): NodeAgent;
  /** Ends the agent as a crash would (containers go on), and starts another. */
  restartAgent(meanwhile?: () => Promise<unknown>, housekeeping?: HousekeepingSettings): Promise<void>;
  run(name: string, spec: Partial<PodSpec> & { containers: PodSpec['containers'] }): Promise<Pod>;
  pod(name: string): Promise<Pod>;
  /** The pod once it is so; throws with its last state when it never is. */
  until(name: string, wanted: (pod: Pod) => boolean): Promise<Pod>;
  /** Deletes the pod, and resolves when it is gone. */
  gone(name: string): Promise<void>;
}

/** A directory of its own, removed when its scope ends. */
export async function temporary(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'berth-node-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** For nodes whose pods are not to go because the machine's own disk is full. */
export const calmHousekeeping: HousekeepingSettings = { eviction: { hard: '' }, imageGarbage: { highThreshold: 100 } };

/** As whom the agent of a node speaks. */
export function speaksAs({ client }: Pick<ApiServer, 'client'>, node = 'n0'): Pick<NodeOptions, 'client' | 'volumes'> {
  return { client: client(nodeUser(node)), volumes: client(identities.volumes) };
}

/** The agent as it is, of a node of which only the runtime may pretend. */
export function startTestNode(
  options: Pick<NodeOptions, 'client' | 'volumes' | 'dataDir' | 'runtime' | 'signal'> & Partial<NodeOptions>,
): Promise<NodeAgent> {
  return startNode({
    name: 'n0',
    instance: 'abcdef',
    podCidr: '10.200.0.0/24',
    clusterDns: '10.200.128.10',
    clusterDomain: 'cluster.local',
    logger: pino({ level: 'silent' }),
    housekeeping: calmHousekeeping,
    ...options,
  });
}

export interface NodeFixtureOptions extends Pick<NodeOptions, 'logRotation'> {
  /** Stands between the agent and the runtime. */
  through?: (runtime: Runtime) => Runtime;
  /** Nothing ever runs short by default. */
  housekeeping?: HousekeepingSettings;
  /** The size of the node's disk, which is the machine's otherwise. */
  diskBytes?: number;
}

export async function nodeFixture(options: NodeFixtureOptions = {}): Promise<NodeFixture> {
  const { through = (runtime) => runtime, diskBytes, housekeeping: first = calmHousekeeping, ...more } = options;
  let housekeeping = first;
  const api = await startTestApi();
  const client = api.api.client({ name: 'kubernetes-admin', groups: ['system:masters'] });
  await client.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  });
  const containerd = await ownContainerd(diskBytes === undefined ? {} : { diskBytes });
  const start = () =>
    startTestNode({
      instance: containerd.instance,
      dataDir: containerd.directory,
      ...speaksAs(api.api),
      housekeeping,
      runtime: through(containerd.containerd.runtime),
      logger: pino({ level: process.env.BERTH_TEST_LOG ?? 'silent' }),
      signal: new AbortController().signal,
      ...more,
    });
  let agent = await start();
  api.api.setPodAccess(agent.access);
  const pod = (name: string) => client.get(resources.pods, { namespace: 'default', name });
  return {
    client,
    containerd,
    kubeconfig: api.kubeconfig,
    agent: () => agent,
    async restartAgent(meanwhile, settings) {
      await agent.stop();
      await meanwhile?.();
      housekeeping = settings ?? housekeeping;
      agent = await start();
    },
    pod,
    run: (name, spec) =>
      client.create(resources.pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { nodeName: 'n0', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, ...spec },
      }),
    async until(name, wanted) {
      const first = await pod(name);
      if (wanted(first)) return first;
      const signal = AbortSignal.timeout(60_000);
      let last = first;
      for await (const event of client.watch(resources.pods, {
        namespace: 'default',
        fieldSelector: `metadata.name=${name}`,
        signal,
        ...(first.metadata.resourceVersion ? { resourceVersion: first.metadata.resourceVersion } : {}),
      })) {
        if (event.type === 'BOOKMARK') continue;
        last = event.object;
        if (wanted(last)) return last;
      }
      throw new Error(`${name} is not as expected: ${JSON.stringify(last.status, null, 1)}`);
    },
    async gone(name) {
      const key = { namespace: 'default', name };
      const leaving = await client.delete(resources.pods, key);
      if (!leaving) return;
      const { resourceVersion } = leaving.metadata;
      const from = resourceVersion === undefined ? {} : { resourceVersion };
      const fieldSelector = `metadata.name=${name}`;
      const signal = AbortSignal.timeout(60_000);
      for await (const event of client.watch(resources.pods, {
        namespace: 'default',
        fieldSelector,
        signal,
        ...from,
      })) {
        if (event.type === 'DELETED') return;
      }
      throw new Error(`${name} is still there`);
    },
    async [Symbol.asyncDispose]() {
      await agent.stop();
      await containerd[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}
