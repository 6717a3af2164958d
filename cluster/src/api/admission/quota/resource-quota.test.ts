import { setImmediate } from 'node:timers/promises';
import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Pod, resources, type Service } from '@berth/kube/objects';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resourceQuotas } from '../../../quota/index.ts';
import { startTestApi, type TestApi } from '../../testing.ts';

let server: TestApi;
let admin: KubeClient;
let namespace: string;
let count = 0;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());
beforeEach(async () => {
  namespace = `shop-${++count}`;
  await admin.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const metadata = { name: 'default', namespace };
  await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
});

type Hard = Record<string, string>;

/** A quota of which its controller has counted what is used. */
async function quota(name: string, hard: Hard, spec: object = {}, used?: Hard): Promise<void> {
  const metadata = { name, namespace };
  await admin.create(resourceQuotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard, ...spec } });
  const none = Object.fromEntries(Object.keys(hard).map((each) => [each, '0']));
  await counted(name, { hard, used: used ?? none });
}

/** What the controller writes. */
async function counted(name: string, status: { hard?: Hard; used?: Hard }): Promise<void> {
  const patch = { type: 'merge', body: { status } } as const;
  await admin.patch(resourceQuotas, { namespace, name }, patch, { subresource: 'status' });
}

const usedOf = async (name: string) => (await admin.get(resourceQuotas, { namespace, name })).status?.used;

function pod(name: string, spec: Partial<NonNullable<Pod['spec']>> = {}, requests?: Hard): Pod {
  const resources = requests ? { resources: { requests } } : {};
  const containers = [{ name: 'main', image: 'example/main:1', ...resources }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: { containers, ...spec } };
}

const create = (object: Pod, options = {}) => admin.create(resources.pods, object, options);

const secret = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
});

const service = (name: string, type: 'ClusterIP' | 'NodePort'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { type, selector: { app: name }, ports: [{ port: 80 }] },
});

test('what would be too much is refused in the words of Kubernetes, and uses nothing', async () => {
  await quota('compute', { pods: '2', 'requests.cpu': '1', 'requests.memory': '1Gi' });
  await create(pod('first', {}, { cpu: '600m', memory: '512Mi' }));
  await expect(create(pod('second', {}, { cpu: '0.5', memory: '768Mi' }))).rejects.toMatchObject({
    code: 'Forbidden',
    message:
      'pods "second" is forbidden: exceeded quota: compute, requested: requests.cpu=500m,requests.memory=768Mi, used: requests.cpu=600m,requests.memory=512Mi, limited: requests.cpu=1,requests.memory=1Gi',
  });
  expect(await usedOf('compute')).toEqual({ pods: '1', 'requests.cpu': '600m', 'requests.memory': '512Mi' });
  await create(pod('third', {}, { cpu: '400m', memory: '1Mi' }));
  expect(await usedOf('compute')).toEqual({ pods: '2', 'requests.cpu': '1', 'requests.memory': '513Mi' });
});

test('every container says what a quota counts of processor and memory, or the pod does', async () => {
  await quota('limits', { 'limits.cpu': '4', 'limits.memory': '1Gi', cpu: '4' });
  const initContainers = [{ name: 'before', image: 'example/main:1', resources: { limits: { memory: '1Mi' } } }];
  await expect(create(pod('silent', { initContainers }, { cpu: '1' }))).rejects.toMatchObject({
    code: 'Forbidden',
    message:
      'pods "silent" is forbidden: failed quota: limits: must specify cpu for: before; limits.cpu for: before,main; limits.memory for: main',
  });
  await create(pod('whole', { resources: { limits: { cpu: '1', memory: '1Mi' } } }));
});

test('all quotas that are about a pod have to hold, and no other', async () => {
  await quota('few', { pods: '1' }, { scopes: ['Terminating'] });
  await quota('many', { pods: '2' });
  await create(pod('first', { activeDeadlineSeconds: 60 }));
  await expect(create(pod('second', { activeDeadlineSeconds: 60 }))).rejects.toMatchObject({
    message: expect.stringMatching(/exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1$/),
  });
  expect(await usedOf('many')).toEqual({ pods: '1' });
  await create(pod('third'));
  expect([await usedOf('few'), await usedOf('many')]).toEqual([{ pods: '1' }, { pods: '2' }]);
  // One that gets a deadline comes into the scope.
  const patch = { type: 'merge', body: { spec: { activeDeadlineSeconds: 5 } } } as const;
  await expect(admin.patch(resources.pods, { namespace, name: 'third' }, patch)).rejects.toMatchObject({
    message: expect.stringMatching(/exceeded quota: few/),
  });
});

test('a service counts by its type, also when that changes', async () => {
  await quota('services', { services: '2', 'services.nodeports': '1' });
  await admin.create(resources.services, service('a', 'NodePort'));
  await admin.create(resources.services, service('b', 'ClusterIP'));
  const patch = { type: 'merge', body: { spec: { type: 'NodePort' } } } as const;
  await expect(admin.patch(resources.services, { namespace, name: 'b' }, patch)).rejects.toMatchObject({
    message:
      'services "b" is forbidden: exceeded quota: services, requested: services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1',
  });
  expect(await usedOf('services')).toEqual({ services: '2', 'services.nodeports': '1' });
});

test('a quota counts from when its controller has begun, and not without a figure', async () => {
  const spec = { hard: { secrets: '0' } };
  const metadata = { name: 'new', namespace };
  await admin.create(resourceQuotas, { apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec });
  await admin.create(resources.secrets, secret('early'));
  await counted('new', { hard: { secrets: '5', 'count/secrets': '5' }, used: { secrets: '1' } });
  await expect(admin.create(resources.secrets, secret('unknown'))).rejects.toMatchObject({
    message: 'secrets "unknown" is forbidden: status unknown for quota: new, resources: count/secrets,secrets',
  });
});

test('of many at once exactly as many pass as there is room for', async () => {
  await quota('pods', { pods: '10' });
  const names = Array.from({ length: 50 }, (_, index) => `parallel-${index}`);
  const results = await Promise.allSettled(names.map((name) => create(pod(name))));
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(10);
  for (const result of results) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'Forbidden' });
  }
  expect((await admin.list(resources.pods, { namespace })).items.length).toBe(10);
  expect(await usedOf('pods')).toEqual({ pods: '10' });
});

test('nor do more pass when somebody meanwhile writes what he counted before', async () => {
  await quota('pods', { pods: '10' });
  const names = Array.from({ length: 50 }, (_, index) => `parallel-${index}`);
  const created = Promise.allSettled(names.map((name) => create(pod(name))));
  let isOver = false;
  const counting = (async () => {
    while (!isOver) {
      await counted('pods', { used: { pods: '0' } });
      await setImmediate();
    }
  })();
  const results = await created;
  isOver = true;
  await counting;
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(10);
  await expect(create(pod('late'))).rejects.toMatchObject({
    message: expect.stringMatching(/requested: pods=1, used: pods=10, limited: pods=10$/),
  });
});

test('a dry run is judged and uses nothing; what is not kept is given back', async () => {
  await quota('secrets', { 'count/secrets': '2' }, {});
  await admin.create(resources.secrets, secret('one'));
  await admin.create(resources.secrets, secret('two'), { dryRun: true });
  expect(await usedOf('secrets')).toEqual({ 'count/secrets': '1' });
  await expect(admin.create(resources.secrets, secret('one'))).rejects.toMatchObject({ code: 'AlreadyExists' });
  await expect.poll(() => usedOf('secrets')).toEqual({ 'count/secrets': '1' });
  await admin.create(resources.secrets, secret('two'));
  const tooMany = admin.create(resources.secrets, secret('three'), { dryRun: true });
  await expect(tooMany).rejects.toMatchObject({
    message: expect.stringMatching(/^secrets "three" is forbidden: exc/),
  });
});

test('claims count by their class', async () => {
  const asked = 'gold.storageclass.storage.k8s.io/requests.storage';
  await quota('storage', { [asked]: '2Gi', persistentvolumeclaims: '5' });
  const claim = (name: string, storageClassName: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1500Mi' } } },
  });
  await admin.create(resources.persistentVolumeClaims, claim('a', 'gold') as never);
  await admin.create(resources.persistentVolumeClaims, claim('b', 'silver') as never);
  await expect(admin.create(resources.persistentVolumeClaims, claim('c', 'gold') as never)).rejects.toMatchObject({
    message: `persistentvolumeclaims "c" is forbidden: exceeded quota: storage, requested: ${asked}=1500Mi, used: ${asked}=1500Mi, limited: ${asked}=2Gi`,
  });
  expect(await usedOf('storage')).toEqual({ [asked]: '1500Mi', persistentvolumeclaims: '2' });
});

test('a resize counts with what it asks more', async () => {
  await quota('cpu', { 'requests.cpu': '1' });
  await create(pod('small', {}, { cpu: '600m' }));
  const resize = (cpu: string) => {
    const containers = [{ name: 'main', resources: { requests: { cpu } } }];
    const patch = { type: 'strategic', body: { spec: { containers } } } as const;
    return admin.patch(resources.pods, { namespace, name: 'small' }, patch, { subresource: 'resize' });
  };
  await expect(resize('1100m')).rejects.toMatchObject({
    message:
      'pods "small" is forbidden: exceeded quota: cpu, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
  });
  await resize('900m');
  expect(await usedOf('cpu')).toEqual({ 'requests.cpu': '900m' });
});
