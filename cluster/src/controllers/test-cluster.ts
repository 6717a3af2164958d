import type { KubeClient } from '@berth/kube/client';
import { sharedInformers } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import { pino } from 'pino';
import { createApi, identities, type User } from '../api/index.ts';
import { memoryStore } from '../store/index.ts';
import { rfc3339 } from './conditions.ts';
import { startControllers } from './index.ts';
import { keyOf } from './status.ts';

export interface TestCluster extends AsyncDisposable {
  /** As the administrator. */
  client: KubeClient;
  /** As a part of the cluster, with its rights. */
  clientOf(user: User): KubeClient;
  signal: AbortSignal;
  /** What went wrong in controllers; conflicts and what is retried after them are not in it. */
  errors: string[];
  /** Resolves when the condition holds; rejects after ten seconds with what it last threw. */
  until(condition: () => Promise<boolean> | boolean, what: string): Promise<void>;
}

/** The API server over a memory store, with all controllers; and a namespace `shop`. */
export async function startTestCluster(options: { nodeMonitorGracePeriod?: number } = {}): Promise<TestCluster> {
  const store = memoryStore();
  const { privateKey, publicKey } = await keyPair();
  const api = await createApi({
    store,
    authentication: { serviceAccountKey: { privateKey, publicKey } },
    serviceRange: '10.96.0.0/17',
    clusterCa: 'certificate',
    logger: pino({ level: 'silent' }),
  });
  const client = api.client({ name: 'system:admin', groups: ['system:masters'] });
  const abort = new AbortController();
  const errors: string[] = [];
  await startControllers({
    ...options,
    client: api.client(identities.controllers),
    signal: abort.signal,
    onError: (error, where) => errors.push(`${where}: ${error instanceof Error ? error.message : error}`),
  });
  const shop = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } } as const;
  await client.create(resources.namespaces, shop);
  return {
    client,
    clientOf: (user) => api.client(user),
    signal: abort.signal,
    errors,
    async until(condition, what) {
      const deadline = Date.now() + 10_000;
      for (;;) {
        if (await condition()) return;
        if (Date.now() > deadline) throw new Error(`It did not come to this: ${what}. ${errors.join('\n')}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      await api.close();
      await store.close();
    },
  };
}

async function keyPair() {
  const { generateKeyPair } = await import('node:crypto');
  const { promisify } = await import('node:util');
  return promisify(generateKeyPair)('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/**
 * Stands in for nodes: pods become Running and ready (unless their image says `broken`), and those that are being
 * deleted go after `endsAfter` milliseconds.
 */
export function startFakeKubelet(
  cluster: TestCluster,
  options: { needsBinding?: boolean; endsAfter?: number } = {},
): void {
  const { client, signal } = cluster;
  const informer = sharedInformers({ client, signal }).of(resources.pods);
  let address = 1;
  const started = new Set<string>();

  async function step(pod: Pod): Promise<void> {
    const key = keyOf(pod);
    const uid = pod.metadata.uid ?? '';
    if (pod.metadata.deletionTimestamp) {
      await new Promise((resolve) => setTimeout(resolve, options.endsAfter ?? 2));
      await client.delete(resources.pods, key, { gracePeriodSeconds: 0 });
    } else if (!started.has(uid) && (pod.spec?.nodeName || !options.needsBinding)) {
      started.add(uid);
      await new Promise((resolve) => setTimeout(resolve, 1 + (address % 7)));
      const broken = pod.spec?.containers.some((container) => container.image?.includes('broken'));
      const ready = { type: 'Ready', status: broken ? 'False' : 'True', lastTransitionTime: rfc3339(Date.now()) };
      const ip = `10.0.${address >> 8}.${address++ & 255}`;
      const status = { phase: phaseOf(pod), podIP: ip, podIPs: [{ ip }], conditions: [ready] };
      await client.patch(resources.pods, key, { type: 'merge', body: { status } }, { subresource: 'status' });
    }
  }

  /** What the image is made to do: `ends:well` and `ends:badly` are programs that end. */
  function phaseOf({ spec }: Pod): string {
    const image = spec?.containers[0]?.image;
    return image === 'ends:well' ? 'Succeeded' : image === 'ends:badly' ? 'Failed' : 'Running';
  }

  informer.subscribe((change) => {
    if (change.type === 'deleted') return;
    step(change.object).catch((error) => {
      if (!signal.aborted && !isBerthError(error, 'NotFound')) cluster.errors.push(`kubelet: ${error}`);
    });
  });
}
