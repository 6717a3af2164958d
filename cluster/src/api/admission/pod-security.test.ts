import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { encode } from '../storage/stored-object.ts';
import { sendAsAdmin, startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;
let count = 0;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const prefix = 'pod-security.kubernetes.io/';
const labelled = (modes: Record<string, string>) =>
  Object.fromEntries(Object.entries(modes).map(([mode, level]) => [`${prefix}${mode}`, level]));

/** A namespace with the labels, and an account for its pods. */
async function namespaceWith(modes: Record<string, string>): Promise<string> {
  const name = `shop-${++count}`;
  const metadata = { name, labels: labelled(modes) };
  await admin.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
  const account = { name: 'default', namespace: name };
  await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
  return name;
}

const careful = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

function pod(namespace: string, name: string, securityContext: object = {}, spec: object = {}): Pod {
  const containers = [{ name: 'main', image: 'example/main:1', securityContext }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: { containers, ...spec } };
}

const create = (object: Pod) => admin.create(resources.pods, object);

/** The texts of the warnings that came with the answer. */
async function warningsOf(method: string, path: string, body: object): Promise<string[]> {
  const { status, headers } = await sendAsAdmin(server, method, path, body);
  expect(status).toBeLessThan(300);
  const found = (headers.get('warning') ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g);
  return [...found].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

test('a pod that violates what its namespace enforces is refused, in Kubernetes’ words', async () => {
  const namespace = await namespaceWith({ enforce: 'baseline' });
  await expect(create(pod(namespace, 'web', { privileged: true }, { hostPID: true }))).rejects.toMatchObject({
    code: 'Forbidden',
    message:
      'pods "web" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true), privileged (container "main" must not set securityContext.privileged=true)',
  });
  await create(pod(namespace, 'web'));
});

test('restricted asks for more, and names the version it was asked for', async () => {
  const namespace = await namespaceWith({ enforce: 'restricted', 'enforce-version': 'v1.30' });
  await expect(create(pod(namespace, 'web'))).rejects.toThrow(
    /violates PodSecurity "restricted:v1.30": allowPrivilegeEs/,
  );
  await create(pod(namespace, 'web', careful));
});

test('whatever is created of a pod is judged, in its last shape', async () => {
  const namespace = await namespaceWith({ enforce: 'baseline' });
  await create(pod(namespace, 'web'));
  const debug = { name: 'debug', image: 'a', securityContext: { privileged: true } };
  const patch = { type: 'strategic', body: { spec: { ephemeralContainers: [debug] } } } as const;
  const key = { namespace, name: 'web' };
  const joined = admin.patch(resources.pods, key, patch, { subresource: 'ephemeralcontainers' });
  await expect(joined).rejects.toThrow(/violates PodSecurity "baseline:latest": privileged \(container "debug"/);
});

test('a pod that is there already may be labelled, and not be given another image', async () => {
  const namespace = await namespaceWith({});
  await create(pod(namespace, 'web', { privileged: true }));
  const key = { namespace, name: 'web' };
  const labels = { type: 'merge', body: { metadata: { labels: labelled({ enforce: 'baseline' }) } } } as const;
  await admin.patch(resources.namespaces, { name: namespace }, labels);
  await admin.patch(resources.pods, key, { type: 'merge', body: { metadata: { labels: { a: 'b' } } } });
  const image = { type: 'strategic', body: { spec: { containers: [{ name: 'main', image: 'other' }] } } } as const;
  await expect(admin.patch(resources.pods, key, image)).rejects.toThrow(/violates PodSecurity/);
});

test('templates of pods are only warned of, and only at the level that is warned of', async () => {
  const namespace = await namespaceWith({ enforce: 'baseline', warn: 'restricted' });
  const { spec } = pod(namespace, 'web', { privileged: true });
  const template = { metadata: { labels: { app: 'web' } }, spec };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'web' },
    spec: { template: { spec: { ...spec, restartPolicy: 'Never' } } },
  };
  const [ofJob = ''] = await warningsOf('POST', `/apis/batch/v1/namespaces/${namespace}/jobs`, job);
  expect(ofJob).toMatch(/^would violate PodSecurity "restricted:latest": privileged \(container "main" must/);
  const deployment = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
    spec: { selector: { matchLabels: { app: 'web' } }, template },
  };
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  expect(await warningsOf('POST', path, deployment)).toHaveLength(1);
  const cronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'web' },
    spec: { schedule: '@daily', jobTemplate: { spec: job.spec } },
  };
  expect(await warningsOf('POST', `/apis/batch/v1/namespaces/${namespace}/cronjobs`, cronJob)).toHaveLength(1);
});

test('a namespace that becomes stricter is told what violates it already', async () => {
  const namespace = await namespaceWith({});
  await create(pod(namespace, 'b', { privileged: true }));
  await create(pod(namespace, 'a', { privileged: true }));
  await create(pod(namespace, 'c', {}, { hostNetwork: true }));
  await create(pod(namespace, 'd', careful));
  const labels = labelled({ enforce: 'baseline' });
  expect(await warningsOf('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels } })).toEqual([
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "baseline:latest"`,
    'a (and 1 other pod): privileged',
    'c: host namespaces',
  ]);
  const looser = { metadata: { labels: labelled({ enforce: 'privileged' }) } };
  expect(await warningsOf('PATCH', `/api/v1/namespaces/${namespace}`, looser)).toEqual([]);
});

test('a label that says nothing is refused, and kept where it is already', async () => {
  const metadata = { name: 'strict', labels: labelled({ enforce: 'strict', 'warn-version': '1.30' }) };
  const bad: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata };
  await expect(admin.create(resources.namespaces, bad)).rejects.toMatchObject({
    code: 'Invalid',
    message:
      'Namespace "strict" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.30": must be "latest" or "v1.x"]',
  });
  // As an earlier version may have let it in.
  const kept = { ...bad, metadata: { ...metadata, uid: 'kept-uid', creationTimestamp: '2026-01-01T00:00:00Z' } };
  const key = objectKey(resourcePrefix('', 'namespaces'), undefined, metadata.name);
  await server.store.commit([{ type: 'put', key, value: (revision) => encode(kept, revision) }]);
  const patch = (change: object) =>
    admin.patch(resources.namespaces, { name: metadata.name }, { type: 'merge', body: { metadata: change } });
  expect((await patch({ annotations: { seen: 'yes' } })).metadata.labels).toMatchObject(metadata.labels);
  await expect(patch({ labels: labelled({ enforce: 'stricter' }) })).rejects.toMatchObject({ code: 'Invalid' });
});
