import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;
const ada = { name: 'ada', groups: ['builders'] };
const rbac = (kind: string, metadata: object, rest: object) =>
  ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, ...rest }) as unknown as KubeObject;
const create = (client: KubeClient, resource: Resource, object: KubeObject) => client.create(resource, object);
const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

test('what no role allows is Forbidden in the words of Kubernetes', async () => {
  const client = server.api.client(ada);
  await expect(client.get(resources.pods, { namespace: 'default', name: 'x' })).rejects.toMatchObject({
    code: 'Forbidden',
    message: 'pods "x" is forbidden: User "ada" cannot get resource "pods" in API group "" in the namespace "default"',
  });
  await expect(client.list(resources.nodes)).rejects.toMatchObject({
    message: 'nodes is forbidden: User "ada" cannot list resource "nodes" in API group "" at the cluster scope',
  });
});

test('a role bound in a namespace holds there, by resource name if it says so', async () => {
  const metadata = { name: 'reader', namespace: 'default' };
  const rules = [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['open'], verbs: ['get'] }];
  await create(admin, resources.roles as Resource, rbac('Role', metadata, { rules }));
  const subjects = [{ kind: 'Group', name: 'builders', apiGroup: 'rbac.authorization.k8s.io' }];
  const binding = rbac('RoleBinding', metadata, { subjects, roleRef: roleRef('Role', 'reader') });
  await create(admin, resources.roleBindings as Resource, binding);
  const client = server.api.client(ada);
  await expect(client.get(resources.configMaps, { namespace: 'default', name: 'open' })).rejects.toMatchObject({
    code: 'NotFound',
  });
  for (const [namespace, name] of [
    ['default', 'shut'],
    ['kube-system', 'open'],
  ] as const) {
    await expect(client.get(resources.configMaps, { namespace, name })).rejects.toMatchObject({ code: 'Forbidden' });
  }
});

test('the default role view reads workloads but no secrets, and takes in what is aggregated to it', async () => {
  const subjects = [{ kind: 'User', name: 'vera', apiGroup: 'rbac.authorization.k8s.io' }];
  const binding = rbac('ClusterRoleBinding', { name: 'vera' }, { subjects, roleRef: roleRef('ClusterRole', 'view') });
  await create(admin, resources.clusterRoleBindings as Resource, binding);
  const vera = server.api.client({ name: 'vera', groups: [] });
  expect((await vera.list(resources.deployments)).items).toEqual([]);
  await expect(vera.list(resources.secrets)).rejects.toMatchObject({ code: 'Forbidden' });
  await expect(vera.list(resources.leases)).rejects.toMatchObject({ code: 'Forbidden' });
  const labels = { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' };
  const rules = [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['list'] }];
  await create(admin, resources.clusterRoles as Resource, rbac('ClusterRole', { name: 'leases', labels }, { rules }));
  expect((await vera.list(resources.leases)).items).toEqual([]);
});

test('nobody gives more than they have', async () => {
  const subjects = [{ kind: 'User', name: 'otto', apiGroup: 'rbac.authorization.k8s.io' }];
  const metadata = { name: 'otto', namespace: 'default' };
  const binding = rbac('RoleBinding', metadata, { subjects, roleRef: roleRef('ClusterRole', 'admin') });
  await create(admin, resources.roleBindings as Resource, binding);
  const otto = server.api.client({ name: 'otto', groups: [] });
  const role = (name: string, verbs: string[], resource: string) =>
    rbac('Role', { name, namespace: 'default' }, { rules: [{ apiGroups: [''], resources: [resource], verbs }] });
  await create(otto, resources.roles as Resource, role('mine', ['get', 'list'], 'pods'));
  const beyond = create(otto, resources.roles as Resource, role('beyond', ['get'], 'nodes'));
  await expect(beyond).rejects.toSatisfy(
    (error) => isBerthError(error, 'Forbidden') && /not currently held/.test(error.message),
  );
  const crown = rbac(
    'RoleBinding',
    { name: 'crown', namespace: 'default' },
    { subjects, roleRef: roleRef('ClusterRole', 'cluster-admin') },
  );
  await expect(create(otto, resources.roleBindings as Resource, crown)).rejects.toMatchObject({ code: 'Forbidden' });
});
