import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Pod, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { memoryStore } from '../../../store/index.ts';
import { startTestApi, type TestApi } from '../../testing.ts';
import { nodeUser } from './index.ts';

let server: TestApi;
let admin: KubeClient;
let node: KubeClient;
const namespace = 'default';
const root = { name: 'root', groups: ['system:masters'] };

const secret = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } });

function podOn(nodeName: string, name: string, volumes: object[]): Pod {
  const containers = [{ name: 'c', image: 'i' }];
  const spec = { nodeName, containers, volumes, serviceAccountName: 'default' };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec } as unknown as Pod;
}

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client(root);
  node = server.api.client(nodeUser('n1'));
  await admin.create(resources.serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace },
  });
  for (const name of ['mine', 'other']) await admin.create(resources.secrets as Resource, secret(name));
});
afterAll(async () => await server[Symbol.asyncDispose]());

test('a node reads a secret from when a pod that uses it is bound to it until that is gone', async () => {
  const read = (name: string) => node.get(resources.secrets, { namespace, name });
  const why = "no relationship found between node 'n1' and this object";
  const message = `secrets "mine" is forbidden: User "system:node:n1" cannot get resource "secrets" in API group "" in the namespace "default": ${why}`;
  await expect(read('mine')).rejects.toMatchObject({ code: 'Forbidden', message });
  await admin.create(resources.pods, podOn('n1', 'a', [{ name: 'v', secret: { secretName: 'mine' } }]));
  expect((await read('mine')).metadata.name).toBe('mine');
  await expect(read('other')).rejects.toMatchObject({ code: 'Forbidden' });
  await admin.delete(resources.pods, { namespace, name: 'a' }, { gracePeriodSeconds: 0 });
  await expect(read('mine')).rejects.toMatchObject({ code: 'Forbidden' });
});

test('a node lists the pods that are bound to it, and no others', async () => {
  await admin.create(resources.pods, podOn('n1', 'b', []));
  const own = await node.list(resources.pods, { fieldSelector: 'spec.nodeName=n1' });
  expect(own.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  for (const fieldSelector of [undefined, 'spec.nodeName=n2', 'spec.nodeName!=n2']) {
    const options = fieldSelector === undefined ? {} : { fieldSelector };
    await expect(node.list(resources.pods, options)).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('can only list/watch pods with spec.nodeName field selector'),
    });
  }
  expect((await node.list(resources.nodes, { fieldSelector: 'metadata.name=n1' })).items).toEqual([]);
  await expect(node.list(resources.nodes)).rejects.toMatchObject({ code: 'Forbidden' });
});

const reviews = (kind: string): Resource => ({
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: `${kind.toLowerCase()}s`,
  kind,
  namespaced: false,
});

test('a review answers for a node as its requests are answered', async () => {
  const { name: user, groups } = nodeUser('n1');
  const may = async (resourceAttributes: object) => {
    const asked = { metadata: { name: '' }, spec: { user, groups, resourceAttributes } };
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', ...asked };
    return (await admin.create(reviews('SubjectAccessReview'), review as KubeObject)).status;
  };
  const list = { verb: 'list', version: 'v1', resource: 'pods' };
  expect(await may(list)).toMatchObject({ allowed: false, reason: expect.stringContaining('field selector') });
  const requirements = (values: string[], operator = 'In') => [{ key: 'spec.nodeName', operator, values }];
  for (const [fieldSelector, allowed] of [
    [{ rawSelector: 'spec.nodeName=n1' }, true],
    [{ rawSelector: 'spec.nodeName=n2' }, false],
    [{ requirements: requirements(['n1']) }, true],
    [{ requirements: requirements(['n1'], 'NotIn') }, false],
    [{ requirements: [...requirements(['n1']), { key: 'x', operator: 'Exists' }] }, true],
  ] as const) {
    expect(await may({ ...list, fieldSelector }), JSON.stringify(fieldSelector)).toMatchObject({ allowed });
  }
  const rules = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', metadata: { name: '' } };
  const { status } = await node.create(reviews('SelfSubjectRulesReview'), { ...rules, spec: { namespace } });
  expect(status).toMatchObject({
    incomplete: true,
    evaluationError: 'node authorizer does not support user rule resolution',
  });
});

test('nodes that an earlier version bound to a role of theirs are so no more, and roles get what they lack', async () => {
  const store = memoryStore();
  const bindings = resources.clusterRoleBindings as Resource;
  const roles = resources.clusterRoles as Resource;
  await using first = await startTestApi({ store });
  const before = first.api.client(root);
  const group = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' };
  const bound = await before.get(bindings, { name: 'system:node' });
  expect(bound.subjects ?? []).toEqual([]);
  await before.update(bindings, { ...bound, subjects: [{ ...group, name: 'mine' }, group] } as KubeObject);
  const scheduler = await before.get(roles, { name: 'system:kube-scheduler' });
  const extra = { verbs: ['get'], apiGroups: ['example.com'], resources: ['things'] };
  await before.update(roles, { ...scheduler, rules: [extra] } as KubeObject);
  const kept = await before.get(roles, { name: 'system:discovery' });
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
  await before.update(roles, { ...kept, metadata: { ...kept.metadata, annotations }, rules: [] } as KubeObject);
  await first.api.close();

  await using second = await startTestApi({ store });
  const after = second.api.client(root);
  expect((await after.get(bindings, { name: 'system:node' })).subjects).toEqual([{ ...group, name: 'mine' }]);
  expect((await after.get(roles, { name: 'system:kube-scheduler' })).rules).toEqual([
    ...((scheduler.rules ?? []) as object[]),
    extra,
  ]);
  expect((await after.get(roles, { name: 'system:discovery' })).rules ?? []).toEqual([]);
});
